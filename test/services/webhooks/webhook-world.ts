import { scopes, type Actor } from '../../../src/domain/access.ts';
import type { AuditEntry } from '../../../src/domain/audit.ts';
import { projectId } from '../../../src/domain/ids.ts';
import type { Delivery, WebhookEndpoint } from '../../../src/domain/webhook.ts';
import type {
  AskedUnderKey,
  Deliveries,
  DeliveriesOf,
  ReceiverSeen,
  WebhookEndpoints,
} from '../../../src/services/ports/webhooks.ts';
import type { EndpointDeps } from '../../../src/services/webhooks/endpoints/endpoint-deps.ts';
import { makeProjectSecrets } from '../../../src/services/webhooks/project-secrets.ts';

const project = projectId('prj_1');
export const actor: Actor = { id: 'key_1', project, scopes: new Set(scopes), isRoot: false };

/** Endpoints in memory, as D1 keeps them. */
function makeEndpoints(): WebhookEndpoints & { readonly rows: Map<string, WebhookEndpoint> } {
  const rows = new Map<string, WebhookEndpoint>();
  const gone: WebhookEndpoint[] = [];
  const asked = new Map<string, AskedUnderKey & { readonly id: string }>();
  const update = (id: string, change: Partial<WebhookEndpoint>): boolean => {
    const row = rows.get(id);
    if (row !== undefined) rows.set(id, { ...row, ...change });
    return row !== undefined;
  };
  return {
    rows,
    list: async (of) => [...rows.values()].filter((row) => row.project === of),
    get: async (of, id) =>
      [...rows.values()].find((row) => row.project === of && row.id === id) ?? null,
    async insert(endpoint, max, underKey) {
      const before = underKey && asked.get(underKey.keySha256);
      if (rows.size >= max || (before && rows.has(before.id))) return false;
      rows.set(endpoint.id, endpoint);
      if (underKey) asked.set(underKey.keySha256, { ...underKey, id: endpoint.id });
      return true;
    },
    async madeUnder(_project, keySha256) {
      const { id = '', bodySha256 = '' } = asked.get(keySha256) ?? {};
      const endpoint = rows.get(id);
      return endpoint === undefined ? null : { endpoint, bodySha256 };
    },
    change: async ({ id }, changes) => update(id, changes),
    rotate: async ({ id }, seen, rotated) =>
      rows.get(id)?.secretsChangedAtMs === seen && update(id, rotated),
    moveState: async ({ id }, { from, to, reason, atMs }) =>
      rows.get(id)?.state === from &&
      update(id, { state: to, stateReason: reason, stateSinceMs: atMs }),
    async remove(_of, id) {
      const row = rows.get(id);
      if (row !== undefined) gone.push(row);
      return rows.delete(id);
    },
    removed: async (of) => gone.filter((row) => row.project === of),
  };
}

/** The deliveries of one place in memory: what a test puts there, and what is accepted. */
export type Place = Deliveries & {
  readonly log: Map<string, Delivery>;
  readonly told: ReceiverSeen[];
};

function makePlace(endpointId: string | null): Place {
  const log = new Map<string, Delivery>();
  const told: ReceiverSeen[] = [];
  return {
    log,
    told,
    async accept(orders) {
      for (const { announcement } of orders) {
        const id = `whd_${announcement.atMs.toString(16).padStart(12, '0')}${announcement.id.slice(-20)}`;
        log.set(id, deliveryOf({ id, endpointId, announcement }));
      }
    },
    next: async () => ({ due: [], givenUp: [] }),
    list: async ({ limit, before, state, type }) =>
      [...log.values()]
        .filter(({ id }) => before === null || id < before)
        .filter((each) => state === undefined || each.state === state)
        .filter((each) => type === undefined || each.announcement.type === type)
        .toSorted((left, right) => (left.id < right.id ? 1 : -1))
        .slice(0, limit),
    get: async (id) => log.get(id) ?? null,
    async redeliver(which) {
      const ended = [...log.values()].filter(
        ({ state }) => state === 'failed' || state === 'delivered',
      );
      const meant = ended.filter(({ id }) => which.kind === 'all' || which.id === id);
      for (const each of meant) log.set(each.id, { ...each, state: 'pending', redeliveries: 1 });
      return meant.length;
    },
    async changed(seen) {
      told.push(seen);
    },
    forget: async () => {},
  };
}

export function deliveryOf(given: Partial<Delivery> & Pick<Delivery, 'id'>): Delivery {
  return {
    endpointId: null,
    url: null,
    announcement: { id: 'evt_1', type: 'job.failed', atMs: 1, jobId: null, seq: null, data: {} },
    state: 'pending',
    createdAtMs: 1,
    nextTryAtMs: null,
    deliveredAtMs: null,
    tries: [],
    redeliveries: 0,
    ...given,
  };
}

/** A world of webhooks: its clock moves only when told. */
export function makeWorld() {
  const endpoints = makeEndpoints();
  const places = new Map<string, Place>();
  const ofJobs = [makePlace(null), makePlace(null)];
  const audit: AuditEntry[] = [];
  const world = { nowMs: 1_000_000, uuids: 0, refusedUrl: '', endpoints, ofJobs, audit, placeOf };
  function placeOf(id: string): Place {
    const place = places.get(id) ?? makePlace(id);
    places.set(id, place);
    return place;
  }
  const deliveriesOf: DeliveriesOf = {
    endpoint: (_of, id) => placeOf(id),
    ofOrigin: () => makePlace(null),
    ofJobs: () => ofJobs,
  };
  const refusal: EndpointDeps['webhookUrls']['refusal'] = async (url) =>
    url === world.refusedUrl
      ? { ok: false, failure: { code: 'invalid_request', message: 'the URL breaks a rule' } }
      : null;
  const deps: EndpointDeps = {
    webhookEndpoints: endpoints,
    webhookEndpointsMax: 3,
    projectSecrets: makeProjectSecrets('s'.repeat(32), null),
    webhookUrls: { refusal, refusalInHaste: refusal },
    deliveriesOf,
    audit: {
      add: async (entry) => void audit.push(entry),
      finish: async (id, outcome) => {
        const index = audit.findIndex((entry) => entry.id === id);
        audit.splice(
          index,
          1,
          ...audit.slice(index, index + 1).map((entry) => ({ ...entry, outcome })),
        );
      },
    },
    machine: {
      nowMs: () => world.nowMs,
      newUuid: () => {
        world.uuids += 1;
        return `00000000-0000-7000-8000-${world.uuids.toString(16).padStart(12, '0')}`;
      },
      sha256: async (text) => text,
      wait: async () => {},
    },
    log: () => {},
  };
  return { world, deps };
}
