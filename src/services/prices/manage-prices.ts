import type { Actor } from '../../domain/access.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { Violation } from '../../domain/job/failure.ts';
import type { ProjectPrice } from '../../domain/model/price.ts';
import { isoTime } from '../../domain/wire.ts';
import { missingScope } from '../access/require-scope.ts';
import type { Prices } from '../ports/prices.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { Machine } from '../ports/runtime.ts';
import { done, refuseAt, type Result } from '../result.ts';
import type { PriceInput } from './price-input.ts';
import { priceWarnings } from './price-warnings.ts';

export type PriceDeps = {
  readonly prices: Prices;
  readonly providers: Pick<Providers, 'ids' | 'capabilitiesOf'>;
  readonly machine: Machine;
};

/** All are read for every call that is priced. */
const PRICES_MAX = 500;
const ID_DIGITS = 24;

export type StoredPrice = { readonly price: ProjectPrice; readonly warnings: readonly Violation[] };

/** Sets what a project pays for a model from a moment on. Attempts that have ended keep their cost. */
export async function putPrice(
  deps: PriceDeps,
  actor: Actor,
  input: PriceInput,
): Promise<Result<StoredPrice>> {
  const refused = missingScope(actor, 'prices:write') ?? unknownProvider(deps, input.provider);
  if (refused !== null) return refused;
  const period = periodOf(input, deps.machine.nowMs());
  if (!period.ok) return period;
  const { provider, model, execution, prices } = input;
  const content = { provider, model, execution, prices, ...period.value };
  const hash = await deps.machine.sha256(canonicalJson(content));
  const price: ProjectPrice = {
    ...content,
    id: `prc_${hash.slice(0, ID_DIGITS)}`,
    createdAtMs: deps.machine.nowMs(),
    createdBy: actor.id,
  };
  const known = await deps.prices.list(actor.project);
  if (known.length >= PRICES_MAX) return tooMany();
  const put = await deps.prices.put(actor.project, price);
  return put.kind === 'overlap'
    ? overlap(put.other)
    : done({ price, warnings: priceWarnings(prices) });
}

function unknownProvider({ providers }: PriceDeps, provider: string) {
  if (!providers.ids.includes(provider)) {
    const message = `is not a provider of this deployment; they are ${providers.ids.join(', ')}`;
    return refuseAt('invalid_request', '/provider', message);
  }
  if (providers.capabilitiesOf(provider)?.local !== true) return null;
  const message = `the models of ${provider} run inside the Worker and cost nothing`;
  return refuseAt('invalid_request', '/provider', message);
}

function periodOf(
  { effective_from: from, effective_to: to }: PriceInput,
  nowMs: number,
): Result<Pick<ProjectPrice, 'effectiveFromMs' | 'effectiveToMs'>> {
  const effectiveFromMs = from === undefined ? nowMs : Date.parse(from);
  const effectiveToMs = to === undefined || to === null ? null : Date.parse(to);
  if (effectiveToMs === null || effectiveToMs > effectiveFromMs)
    return done({ effectiveFromMs, effectiveToMs });
  const message = `must be later than effective_from, which is ${isoTime(effectiveFromMs)}`;
  return refuseAt('invalid_request', '/effective_to', message);
}

function overlap({ id, effectiveFromMs, effectiveToMs }: ProjectPrice): Result<never> {
  const until = effectiveToMs === null ? 'without end' : `until ${isoTime(effectiveToMs)}`;
  const message = `the price ${id} holds from ${isoTime(effectiveFromMs)} ${until}: put it again with an effective_to that is no later than this effective_from, or delete it`;
  return refuseAt('conflict', '/effective_from', message);
}

function tooMany(): Result<never> {
  const message = `a project has at most ${PRICES_MAX} prices; delete those that have ended`;
  return refuseAt('conflict', '/', message);
}

export async function listPrices(
  { prices }: Pick<PriceDeps, 'prices'>,
  actor: Actor,
): Promise<Result<readonly ProjectPrice[]>> {
  return missingScope(actor, 'prices:read') ?? done(await prices.list(actor.project));
}

/** Ends a price as if it had never been: calls from now on are priced without it. */
export async function deletePrice(
  { prices }: Pick<PriceDeps, 'prices'>,
  actor: Actor,
  id: string,
): Promise<Result<null>> {
  const refused = missingScope(actor, 'prices:write');
  if (refused !== null) return refused;
  if (await prices.delete(actor.project, id)) return done(null);
  const message = `there is no price ${JSON.stringify(id.slice(0, 80))} in this project; GET /v1/prices lists them`;
  return refuseAt('not_found', '/path/price_id', message);
}
