import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { namedSecrets, providerSettingNames } from '../../src/providers/registry.ts';

/** The Worker's own settings; those of providers stand with the providers. */
const OWN_SETTINGS = [
  'ROOT_API_KEY',
  'JOB_SHARDS',
  'JOB_SHARDS_FORMER',
  'LOG_LEVEL',
  'LOG_SAMPLE',
  'OTLP_ENDPOINT',
  'OTLP_HEADERS',
  'OTLP_SAMPLE',
  'OTEL_SERVICE_NAME',
  'DEPLOYMENT_ENVIRONMENT',
  'TRACE_PROVIDERS',
  'METRICS',
  'METRIC_FACT_DAYS',
  'METRIC_MINUTE_DAYS',
  'METRIC_HOUR_DAYS',
  'PROJECT_MAX_CONCURRENT_JOBS',
  'TARGET_LIMITS',
  'FILE_MAX_BYTES',
  'FILE_TYPES',
  'PUBLIC_BASE_URL',
  'SIGNING_SECRET',
  'SIGNING_SECRET_PREVIOUS',
  'WEBHOOK_ENDPOINTS_MAX',
  'WEBHOOK_PAUSE_AFTER_HOURS',
  'ALLOW_LOOPBACK_URLS',
  'FETCH_PORTS',
  'DNS_RESOLVER_URL',
  'LOCAL_QUEUES',
];

export type Settings = Record<string, string>;

/** What `.dev.vars` says; empty without one. */
export function readDevVars(root: string): Settings {
  const file = join(root, '.dev.vars');
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
}

function parseEnv(text: string): Settings {
  const lines = text
    .split(/\r?\n/)
    .map((line) => /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line));
  return Object.fromEntries(
    lines.flatMap((match) =>
      match?.[1] === undefined ? [] : [[match[1], unquoted(match[2] ?? '')]],
    ),
  );
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}

/** Settings found in the shell's environment under the Worker's own names. */
export function settingsFromShell(): Settings {
  const secrets = namedSecrets((name) => process.env[name]);
  const names = [...OWN_SETTINGS, ...providerSettingNames, ...secrets];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

/** Secrets for this machine, kept in `.dev.vars` so that they are the same after a restart. */
export function keepLocalSecret(root: string, name: string, secret: string): string {
  const file = join(root, '.dev.vars');
  const before = existsSync(file) ? readFileSync(file, 'utf8').replace(/\n?$/, '\n') : '';
  writeFileSync(file, `${before}${name}=${secret}\n`, { mode: 0o600 });
  return secret;
}

export function newRootKey(): string {
  return `root_${randomBytes(24).toString('base64url')}`;
}

export function newSigningSecret(): string {
  return randomBytes(32).toString('base64url');
}
