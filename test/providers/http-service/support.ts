import { readFileSync } from 'node:fs';

import { makeHttpService } from '../../../src/providers/http-service/adapter.ts';
import { readServices } from '../../../src/providers/http-service/settings/read.ts';
import type { FetchLike } from '../../../src/providers/http/exchange.ts';
import type { ProviderAdapter, WireReply } from '../../../src/providers/port.ts';
import { noFetch } from '../calling.ts';

export const secretKey = 'painter-Qz84mLx0Vb7TnR2w';

/** The settings that docs/providers.md shows, by the id of their service. */
export function documentedSettings(): Record<string, string> {
  const text = readFileSync('docs/providers.md', 'utf8');
  const blocks = [...text.matchAll(/^```json http-providers\n([\s\S]*?)^```$/gm)];
  return Object.fromEntries(
    blocks.map(([, json = '']) => [/"id": "([\w-]+)"/.exec(json)?.[1] ?? '', json]),
  );
}

/** The one service of a setting. Throws when the setting is not in order. */
export function makeService(setting: unknown, fetch: FetchLike = noFetch): ProviderAdapter {
  const text = typeof setting === 'string' ? setting : JSON.stringify(setting);
  const { services, invalid, problems } = readServices(text, 'HTTP_PROVIDERS', []);
  const [service] = services.values();
  if (service === undefined) throw new Error([...problems, ...invalid.values()].join('\n'));
  const apiKey = service.secret_name === undefined ? '' : secretKey;
  return makeHttpService(service, { apiKey, settingName: 'HTTP_PROVIDERS', fetch });
}

/** A service with one kind, at a base URL that no test calls. */
export function serviceOf(kinds: object, more: object = {}): object {
  return { id: 'own', base_url: 'https://own.example/api', kinds, ...more };
}

export function reply(body: WireReply['body'], status = 200, headers = {}): WireReply {
  return { status, headers, body };
}
