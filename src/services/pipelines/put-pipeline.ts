import type { Actor } from '../../domain/access.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { PIPELINE_NAME } from '../../domain/definition/definition.ts';
import type { Violation } from '../../domain/job/failure.ts';
import { isJsonObject } from '../../domain/json.ts';
import type { WorstCase } from '../../engine/plan/worst-case.ts';
import { checkDefinition } from './check-definition.ts';
import type { AddedVersion, Pipelines } from '../ports/pipelines.ts';
import type { Providers } from '../ports/targets/providers.ts';
import type { Machine } from '../ports/runtime.ts';
import { missingScope } from '../access/require-scope.ts';
import { done, refuse, refuseAt, type Result } from '../result.ts';

export type PutDeps = {
  readonly pipelines: Pipelines;
  readonly providers: Providers;
  readonly machine: Machine;
};

export type PublishedVersion = AddedVersion & ValidDefinition;

/** Publishes a definition as the pipeline's newest version, unless it is the newest one already. */
export async function putPipeline(
  { pipelines, providers, machine }: PutDeps,
  actor: Actor,
  name: string,
  body: unknown,
): Promise<Result<PublishedVersion>> {
  const refused = missingScope(actor, 'pipelines:write');
  if (refused !== null) return refused;
  const checked = checkNamed(name, body, providers);
  if (!checked.ok) return checked;
  const { definition, warnings, worstCase } = checked.value;
  const added = await pipelines.add(actor.project, {
    name,
    definition,
    hash: await machine.sha256(canonicalJson(definition)),
    createdAtMs: machine.nowMs(),
    createdBy: actor.id,
  });
  return done({ ...added, warnings, worstCase });
}

export type ValidDefinition = {
  readonly warnings: readonly Violation[];
  readonly worstCase: WorstCase;
};

/** Says everything that is wrong with a definition, and stores nothing. */
export function validatePipeline(
  { providers }: Pick<PutDeps, 'providers'>,
  actor: Actor,
  name: string,
  body: unknown,
): Result<ValidDefinition> {
  const refused = missingScope(actor, 'pipelines:read');
  if (refused !== null) return refused;
  const checked = checkNamed(name, body, providers);
  if (!checked.ok) return checked;
  const { warnings, worstCase } = checked.value;
  return done({ warnings, worstCase });
}

/** The name in the path is the pipeline's; a definition may repeat it and may not contradict it. */
function checkNamed(name: string, body: unknown, providers: Providers) {
  if (!PIPELINE_NAME.test(name)) {
    return refuseAt(
      'invalid_request',
      '/path/name',
      'a pipeline name is lower-case letters, digits and -, begins with a letter, and has at most 63 characters',
    );
  }
  if (isJsonObject(body) && body['name'] !== undefined && body['name'] !== name) {
    const message = `is ${JSON.stringify(body['name'])}, and the path says ${JSON.stringify(name)}; make them equal or leave the field out`;
    return refuse('definition_invalid', 'the definition has another name than the path', {
      violations: [{ pointer: '/name', code: 'name_mismatch', message }],
    });
  }
  const checked = checkDefinition(isJsonObject(body) ? { ...body, name } : body, providers);
  if (checked.ok) return done(checked);
  const count = checked.violations.length;
  return refuse(
    'definition_invalid',
    `the definition has ${count} ${count === 1 ? 'mistake' : 'mistakes'}; nothing was stored`,
    {
      violations: checked.violations,
    },
  );
}
