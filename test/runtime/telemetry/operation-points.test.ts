import { expect, test } from 'vitest';

import { Gate, type CircuitChange } from '../../../src/runtime/gate/gate.ts';
import {
  numberColumns,
  textColumns,
  VERSION,
  type Point,
} from '../../../src/runtime/telemetry/columns.ts';
import { pointOfCircuit, pointOfSample } from '../../../src/runtime/telemetry/operation-points.ts';
import { NodeSqlite } from '../../support/node-sqlite.ts';

/** What a point says, without what does not apply. */
function told({ indexes, blobs, doubles }: Point): Record<string, string | number> {
  const texts = textColumns.map((name, index) => [name, blobs[index] ?? ''] as const);
  const numbers = numberColumns.map((name, index) => [name, doubles[index] ?? 0] as const);
  const said = [...texts, ...numbers].filter(([, value]) => value !== '' && value !== 0);
  return { project: indexes[0], ...Object.fromEntries(said) };
}

const TARGET = { provider: 'openai', model: 'a' };
const ours = { project: 'prj_deployment', schema_version: VERSION };

test('samples are points of the deployment', () => {
  const at = { seq: 1, at: 0 };
  const queue = { kind: 'queue_sample', ...at, queue: 'JOBS_0', messages: 7 } as const;
  expect([
    told(pointOfSample({ ...queue, oldest_age_ms: 90 })),
    told(pointOfSample({ kind: 'target_sample', ...at, ...TARGET, state: 'probing' })),
  ]).toEqual([
    { ...ours, kind: 'queue_sample', queue: 'JOBS_0', messages: 7, queue_wait_ms: 90 },
    { ...ours, kind: 'target_sample', ...TARGET, outcome: 'probing' },
  ]);
});

test('a circuit has a point for each change, by itself and by hand, also by a gate that forgot', () => {
  const changes: CircuitChange[] = [];
  const db = new NodeSqlite();
  let nowMs = 1_000_000;
  const open = () =>
    new Gate(
      {
        sql: db.port(),
        log: () => {},
        limits: {},
        observe: (change) => changes.push(change),
        nowMs: () => nowMs,
      },
      TARGET,
    );
  const quiet = { runner: 'r', ended: [], places: 0, wanted: null } as const;
  const refused = { class: 'auth', count: 1, retryAfterMs: null } as const;
  const ended = {
    epoch: 1,
    good: 0,
    none: 0,
    failed: [refused],
    latencyMs: [],
    timeToFirstTokenMs: [],
    tokensBeyond: 0,
  };
  open().exchange({ ...quiet, ended: [ended] });
  open().exchange(quiet);
  nowMs += 3_600_000;
  open().exchange(quiet);
  const gate = open();
  gate.hold({ by: 'key_a', why: 'x' });
  gate.release({ by: 'key_a', why: 'x' });
  gate.release({ by: 'key_a', why: 'x' });
  const circuit = { ...ours, kind: 'circuit', ...TARGET };
  expect(changes.map(pointOfCircuit).map(told)).toEqual([
    { ...circuit, outcome: 'unavailable', failure_class: 'auth' },
    { ...circuit, outcome: 'probing', failure_class: 'auth' },
    { ...circuit, outcome: 'held', failure_class: 'auth' },
    { ...circuit, outcome: 'available' },
  ]);
});
