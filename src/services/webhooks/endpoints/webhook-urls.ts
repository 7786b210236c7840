import type { Outside } from '../../outbound/outside.ts';
import type { Machine } from '../../ports/runtime.ts';
import { refuse, type Result } from '../../result.ts';

/** Holds the URLs of receivers against the rules for hostile ones, before they are stored. Deliveries check them again. */
export type WebhookUrls = {
  /** Null for a URL that may be called. */
  refusal(url: string, pointer: string): Promise<Result<never> | null>;
  /** For a submit: it neither asks for the same host again and again, nor fails because the DNS gives no answer. */
  refusalInHaste(url: string, pointer: string): Promise<Result<never> | null>;
};

type UrlDeps = {
  readonly outside: Pick<Outside, 'check'>;
  readonly machine: Pick<Machine, 'nowMs' | 'wait'>;
};

const LOOK_UP_MAX_MS = 5_000;
const HOST_KEPT_MS = 60_000;
const HOSTS_MAX = 1_000;

export function makeWebhookUrls(deps: UrlDeps): WebhookUrls {
  const passedAtMs = new Map<string, number>();
  return {
    refusal: async (url, pointer) => refusalOf(await judge(deps, url), pointer),
    async refusalInHaste(url, pointer) {
      const origin = originOf(url);
      const nowMs = deps.machine.nowMs();
      if (nowMs - (passedAtMs.get(origin) ?? -Infinity) < HOST_KEPT_MS && isPlain(url)) return null;
      const judged = await judge(deps, url);
      if (judged?.class === 'network') return null;
      if (judged !== null) return refusalOf(judged, pointer);
      if (passedAtMs.size >= HOSTS_MAX) passedAtMs.clear();
      passedAtMs.set(origin, nowMs);
      return null;
    },
  };
}

/** The rules look at the origin alone, except for these: then all of them are asked again. */
function isPlain(url: string): boolean {
  return /^https?:\/\/[!-?A-[\]-~]+$/.test(url);
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return '';
  }
}

type Judged = { readonly class: string; readonly code: string; readonly message: string };

async function judge({ outside, machine }: UrlDeps, url: string): Promise<Judged | null> {
  const abort = new AbortController();
  const timer = new AbortController();
  const late = machine.wait(LOOK_UP_MAX_MS, timer.signal).then(() => {
    if (!timer.signal.aborted) abort.abort('deadline');
  });
  const checked = await outside.check(url, abort.signal);
  timer.abort();
  await late;
  if (checked.ok) return null;
  const { class: kind, code = 'url_refused', message } = checked.failure;
  return { class: kind, code, message };
}

function refusalOf(judged: Judged | null, pointer: string): Result<never> | null {
  if (judged === null) return null;
  const { code, message } = judged;
  const violations = [{ pointer, code, message: `the URL breaks the rule ${code}: ${message}` }];
  if (judged.class === 'network') {
    return refuse(
      'unavailable',
      `the URL could not be checked: ${message}; send the request again`,
      {
        retryAfterMs: 1_000,
      },
    );
  }
  return refuse('invalid_request', `the URL breaks the rule ${code}: ${message}`, { violations });
}
