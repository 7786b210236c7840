import { z } from 'zod';

import { failureClasses } from '../../domain/job/failure.ts';
import { executions, type Execution } from '../../domain/model/model-call.ts';
import type { Spread } from '../../domain/spread.ts';
import {
  declineReasons,
  targetName,
  type ByHand,
  type TargetHealth,
} from '../../domain/model/target-gate.ts';
import { isoTime, snakeCase } from '../../domain/wire.ts';
import type { KnownTarget } from '../targets/list-targets.ts';
import { targetState, targetStates } from '../targets/target-state.ts';
import { time } from './fields.ts';

const failureClass = z.enum(failureClasses);

const spreadSchema = z
  .object({
    count: z.int(),
    p50: z.int().nullable(),
    p95: z.int().nullable(),
    p99: z.int().nullable(),
  })
  .meta({ id: 'Spread', description: 'Of the calls of the last minutes, in milliseconds' });

const byHandSchema = z
  .object({ by: z.string(), reason: z.string(), at: time })
  .meta({ id: 'ByHand' });

const limitsSchema = z.object({
  requests_per_minute: z.number().nullable(),
  tokens_per_minute: z.number().nullable(),
  concurrency: z.number().nullable(),
});

const healthSchema = z
  .object({
    reason: z.enum(declineReasons).nullable().meta({ description: 'Why calls do not go through' }),
    because: failureClass.nullable().meta({ description: 'The failure behind it' }),
    since: time.nullable(),
    next_probe_at: time.nullable(),
    held: byHandSchema.nullable(),
    released: byHandSchema.nullable().meta({ description: 'The last time it was opened by hand' }),
    errors: z
      .array(z.object({ class: failureClass, count: z.int(), last_at: time }))
      .meta({ description: 'Of the last minutes' }),
    alerts: z.array(z.object({ class: failureClass, message: z.string(), at: time })),
    calls: z.object({ good: z.int(), bad: z.int() }),
    latency_ms: spreadSchema,
    time_to_first_token_ms: spreadSchema,
    limits: limitsSchema.meta({ description: 'What the deployment allows itself; null for none' }),
    room: limitsSchema.meta({ description: 'What the limits leave at this moment' }),
  })
  .meta({ id: 'TargetHealth' });

export const targetViewSchema = z
  .object({
    object: z.literal('target'),
    id: z.string().meta({ example: 'openai/gpt-5.4-mini' }),
    provider: z.string(),
    model: z.string(),
    state: z.enum(targetStates),
    remedy: z
      .string()
      .nullable()
      .meta({ description: 'What has to be set before it can be asked' }),
    health: healthSchema
      .nullable()
      .meta({ description: 'What the gate has seen, which all projects share' }),
    price: z
      .object({
        version: z.string().meta({ description: 'As `price_version` of attempts names the table' }),
        prices: z.record(z.string(), z.string()).meta({
          description: 'Dollars as decimal text by unit; empty for a model that costs nothing',
        }),
        tiered: z.boolean().meta({ description: 'Whether long prompts have another price' }),
        free: z.boolean(),
        source: z.string().nullable().meta({ description: 'The page that states it' }),
        as_of: z.string().nullable().meta({ description: 'The day on which that was read' }),
      })
      .nullable()
      .meta({ description: 'Null when it is not known' }),
    capability: z
      .object({
        kinds: z.array(z.string()),
        executions: z.record(z.string(), z.array(z.enum(executions))),
      })
      .nullable()
      .meta({ description: 'What its provider can do; null before that is known' }),
    model_capability: z
      .object({
        context_tokens: z.int().nullable(),
        output_tokens_max: z.int().nullable(),
        inputs: z.array(z.string()).nullable(),
        json_schema: z.boolean().nullable(),
        tools: z.boolean().nullable(),
        refuses: z.array(z.string()),
        source: z.string().meta({ description: 'The page that says so' }),
        as_of: z.string().meta({ description: 'The day on which that was read' }),
      })
      .nullable()
      .meta({ description: 'What the model itself can do; null where that is not known' }),
  })
  .meta({ id: 'TargetStatus' });

export type TargetStatusView = z.infer<typeof targetViewSchema>;

export function targetStatusView(known: KnownTarget): TargetStatusView {
  const { target, view, health } = known;
  return {
    object: 'target',
    id: targetName(target),
    ...target,
    state: targetState(view, health),
    remedy: view.usable ? null : view.reason,
    health: health === null ? null : healthView(health),
    price: priceOf(known),
    capability: capabilityOf(known),
    model_capability: modelCapabilityOf(known),
  };
}

function healthView(health: TargetHealth): NonNullable<TargetStatusView['health']> {
  const { reason, because, sinceMs, nextProbeAtMs, held, released, limits, room } = health;
  return {
    reason,
    because,
    since: timeOrNull(sinceMs),
    next_probe_at: timeOrNull(nextProbeAtMs),
    held: byHand(held),
    released: byHand(released),
    errors: health.errors.map(({ class: seen, count, lastAtMs }) => ({
      class: seen,
      count,
      last_at: isoTime(lastAtMs),
    })),
    alerts: health.alerts.map(({ class: seen, message, atMs }) => ({
      class: seen,
      message,
      at: isoTime(atMs),
    })),
    calls: { ...health.calls },
    latency_ms: spread(health.latencyMs),
    time_to_first_token_ms: spread(health.timeToFirstTokenMs),
    limits: {
      requests_per_minute: limits.requestsPerMinute ?? null,
      tokens_per_minute: limits.tokensPerMinute ?? null,
      concurrency: limits.concurrency ?? null,
    },
    room: {
      requests_per_minute: room.requests,
      tokens_per_minute: room.tokens,
      concurrency: room.concurrency,
    },
  };
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

function byHand(order: ByHand | null) {
  return order === null ? null : { by: order.by, reason: order.why, at: isoTime(order.atMs) };
}

function spread({ count, p50, p95, p99 }: Spread) {
  return { count, p50, p95, p99 };
}

function priceOf({ price }: KnownTarget): TargetStatusView['price'] {
  if (price === null) return null;
  const { version, prices, isTiered, isFree, source, asOf } = price;
  return { version, prices, tiered: isTiered, free: isFree, source, as_of: asOf };
}

function capabilityOf({ capabilities }: KnownTarget): TargetStatusView['capability'] {
  if (capabilities === null) return null;
  const { kinds, executions: known = {} } = capabilities;
  const ways = Object.entries(known).map(([kind, list]): [string, Execution[]] => [
    kind,
    [...(list ?? [])],
  ]);
  return { kinds: [...kinds], executions: Object.fromEntries(ways) };
}

function modelCapabilityOf({ model }: KnownTarget): TargetStatusView['model_capability'] {
  if (model === null) return null;
  return {
    context_tokens: model.contextTokens ?? null,
    output_tokens_max: model.outputTokensMax ?? null,
    inputs: model.inputs === undefined ? null : [...model.inputs],
    json_schema: model.jsonSchema ?? null,
    tools: model.tools ?? null,
    refuses: (model.refuses ?? []).map(snakeCase),
    source: model.source,
    as_of: model.readOn,
  };
}
