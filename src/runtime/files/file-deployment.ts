import {
  FILE_BYTES_DEFAULT,
  FILE_TYPES_DEFAULT,
  type FileLimits,
} from '../../services/files/file-limits.ts';
import { mediaSource, type MediaOf } from '../../services/files/media-source.ts';
import type { PublicFiles } from '../../services/files/public-file.ts';
import { makeOutside, type Outside } from '../../services/outbound/outside.ts';
import type { FileIndex } from '../../services/ports/values/file-index.ts';
import type { Files } from '../../services/ports/values/files.ts';
import type { Log } from '../../services/ports/log.ts';
import type { Machine } from '../../services/ports/runtime.ts';
import {
  makeSignedTokens,
  SIGNING_SECRET_CHARACTERS_MIN,
  type SignedTokens,
} from '../../services/signed-token.ts';
import { makeFileIndex } from '../d1/file-index.ts';
import { makeFiles } from './store.ts';

/** Files, and what is fetched from outside, as the deployment's settings have them. */
export type FileDeployment = {
  readonly files: Files;
  readonly fileIndex: FileIndex;
  readonly fileLimits: FileLimits;
  readonly outside: Outside;
  /** Null without a `SIGNING_SECRET`. */
  readonly tokens: SignedTokens | null;
  /** Where the deployment is reached from outside, without a slash at the end; null when it does not say. */
  readonly publicBaseUrl: string | null;
  readonly mediaOf: MediaOf;
};

type Parts = {
  readonly bucket: R2Bucket;
  readonly db: D1Database;
  readonly setting: (name: string) => string | undefined;
  readonly machine: Machine;
  readonly log: Log;
};

const RESOLVER_DEFAULT = 'https://cloudflare-dns.com/dns-query';

export function makeFileDeployment({ bucket, db, setting, machine, log }: Parts): FileDeployment {
  const files = makeFiles(bucket, () => machine.nowMs());
  const tokens = tokensOf(setting, log);
  const publicBaseUrl = setting('PUBLIC_BASE_URL')?.replace(/\/+$/, '') ?? null;
  const publicFiles: PublicFiles | null =
    tokens === null || publicBaseUrl === null ? null : { tokens, baseUrl: publicBaseUrl };
  return {
    files,
    fileIndex: makeFileIndex(db),
    fileLimits: {
      bytesMax: positive(setting('FILE_MAX_BYTES')) ?? FILE_BYTES_DEFAULT,
      types: listOf(setting('FILE_TYPES')) ?? FILE_TYPES_DEFAULT,
    },
    outside: outsideOf(setting, machine),
    tokens,
    publicBaseUrl,
    mediaOf: (project) => mediaSource({ files, machine, publicFiles }, project),
  };
}

function callOutside(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, init);
}

function outsideOf(setting: Parts['setting'], machine: Machine): Outside {
  return makeOutside({
    fetch: callOutside,
    resolver: { fetch: callOutside, url: setting('DNS_RESOLVER_URL') ?? RESOLVER_DEFAULT },
    policy: {
      allowLoopback: setting('ALLOW_LOOPBACK_URLS') === 'true',
      ports: new Set((listOf(setting('FETCH_PORTS')) ?? []).map(Number)),
    },
    machine,
  });
}

/** A secret that can be guessed is worse than none: it is not used, and the log says so. */
function tokensOf(setting: Parts['setting'], log: Log): SignedTokens | null {
  const secret = setting('SIGNING_SECRET');
  if (secret === undefined) return null;
  if (secret.length >= SIGNING_SECRET_CHARACTERS_MIN) {
    return makeSignedTokens(secret, setting('SIGNING_SECRET_PREVIOUS') ?? null);
  }
  log('error', 'setting.too_short', {
    setting: 'SIGNING_SECRET',
    characters_min: SIGNING_SECRET_CHARACTERS_MIN,
  });
  return null;
}

function listOf(text: string | undefined): readonly string[] | null {
  const items = (text ?? '').split(',').map((item) => item.trim().toLowerCase());
  const named = items.filter((item) => item !== '');
  return named.length === 0 ? null : named;
}

function positive(text: string | undefined): number | null {
  const count = Number(text);
  return Number.isSafeInteger(count) && count > 0 ? count : null;
}
