import { machine } from '../runtime/machine.ts';
import type { TraceDeps } from '../runtime/traces/exporter.ts';
import { traceConfiguration, type Traced } from '../runtime/traces/trace-settings.ts';
import type { Log } from '../services/ports/log.ts';

export type TracesOfDeployment = {
  /** Null in a deployment that exports no traces. */
  readonly exporter: TraceDeps | null;
  /** Which jobs are traced; absent where none are. */
  readonly traced?: Traced;
  /** Whether a provider is told which trace a call belongs to. */
  readonly tellsTrace: (provider: string) => boolean;
  /** What is wrong with the settings. */
  readonly problems: readonly string[];
};

export function tracesOf(
  setting: (name: string) => string | undefined,
  log: Log,
): TracesOfDeployment {
  const { settings, traced, problems } = traceConfiguration(setting);
  const tellsTrace = providersOf(setting('TRACE_PROVIDERS'));
  if (settings === null) return { exporter: null, tellsTrace, problems };
  const exporter = {
    ...settings,
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    machine,
    log,
  };
  return { exporter, traced, tellsTrace, problems };
}

/** Names separated by commas, `*` for every provider, `none` for nobody; every provider unless set. */
function providersOf(text: string | undefined): (provider: string) => boolean {
  const named = new Set((text ?? '*').split(',').map((name) => name.trim()));
  return (provider) => named.has('*') || named.has(provider);
}
