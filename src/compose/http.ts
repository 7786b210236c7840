import type { HttpDeps } from '../http/deps.ts';
import type { BulkDeployment } from '../runtime/bulk/bulk-action-object.ts';
import { makeBulks } from '../runtime/bulk/bulk-client.ts';
import { makeAccess } from '../runtime/d1/access.ts';
import { makeAuditLog } from '../runtime/d1/audit-log.ts';
import { makeBulkIndex } from '../runtime/d1/bulk-index.ts';
import { makeJobIndex } from '../runtime/d1/history/job-index.ts';
import { makeNamedTargets } from '../runtime/d1/named-targets.ts';
import { withRecentKeys } from '../runtime/d1/recent/recent-lookups.ts';
import type { FileDeployment } from '../runtime/files/file-deployment.ts';
import type { GatesOfDeployment } from '../runtime/gate/gate-deployment.ts';
import { machine } from '../runtime/machine.ts';
import { makeSecrets } from '../runtime/secrets.ts';
import { actOnJob } from '../services/bulk/act-on-job.ts';
import { makeCallbackLinks, type CallbackLinks } from '../services/callbacks/callback-links.ts';
import type { Log } from '../services/ports/log.ts';
import type { Providers } from '../services/ports/targets/providers.ts';
import type { TargetDesk } from '../services/ports/targets/target-desk.ts';
import type { Measures } from './metrics.ts';
import type { Stores } from './stores.ts';
import type { WebhookSettings } from './webhooks.ts';

type Outward = FileDeployment & { readonly callbackLinks?: CallbackLinks };

/** Without a public address and a secret to sign with, providers have nowhere to call back. */
export function withLinks(files: FileDeployment): Outward {
  const { tokens, publicBaseUrl } = files;
  if (tokens === null || publicBaseUrl === null) return files;
  return { ...files, callbackLinks: makeCallbackLinks(tokens, publicBaseUrl) };
}

type HttpParts = Outward &
  GatesOfDeployment &
  WebhookSettings &
  Measures &
  Stores & {
    readonly log: Log;
    readonly providers: Providers;
    readonly projectJobsMax: number | null;
    readonly desk: TargetDesk;
    readonly rootKey: string | null;
  };

/** What the doors need. */
export function httpDeps(env: Env, { rootKey, ...parts }: HttpParts): HttpDeps {
  return {
    ...parts,
    machine,
    secrets: makeSecrets(rootKey),
    access: withRecentKeys(makeAccess(env.DB), machine),
    jobIndex: makeJobIndex(env.DB),
    audit: makeAuditLog(env.DB),
    namedTargets: makeNamedTargets(env.DB),
    bulks: makeBulks(env.BULK),
    bulkIndex: makeBulkIndex(env.DB),
  };
}

export function bulkDeployment(http: HttpDeps): BulkDeployment {
  const { log, jobIndex, bulkIndex } = http;
  return { log, jobIndex, bulkIndex, act: (bulk, job) => actOnJob(http, bulk, job) };
}
