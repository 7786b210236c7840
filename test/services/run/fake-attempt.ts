import {
  definitionSchema,
  type StepDefinition,
} from '../../../src/domain/definition/definition.ts';
import type { FileId, FileMeta } from '../../../src/domain/file.ts';
import { projectId, type JobId, type ProjectId } from '../../../src/domain/ids.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { ModelCapabilities } from '../../../src/domain/model/model-capabilities.ts';
import type { ModelCall } from '../../../src/domain/model/model-call.ts';
import type { ModelStepKind } from '../../../src/domain/definition/step-kinds.ts';
import { makePlan } from '../../../src/engine/plan/plan.ts';
import type {
  CallContext,
  CallOutcome,
  Capabilities,
  ProviderAdapter,
} from '../../../src/providers/port.ts';
import type { Files } from '../../../src/services/ports/values/files.ts';
import type { WorkItem } from '../../../src/services/ports/job-shard/work-item.ts';
import type { TargetGates } from '../../../src/services/ports/targets/target-gates.ts';
import type { Attempt, ExecuteDeps } from '../../../src/services/run/attempt.ts';
import { packOutput } from '../../../src/services/run/pack-output.ts';
import { runModel } from '../../../src/services/run/run-model.ts';

const PROJECT = projectId('prj_test');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an id of the right form
const JOB = `job_${'0'.repeat(34)}` as JobId;

type FakeProvider = {
  readonly capabilities?: Partial<Capabilities>;
  readonly unsupported?: (call: ModelCall) => readonly string[];
  readonly answer?: (call: ModelCall, context: CallContext) => CallOutcome | Promise<CallOutcome>;
  /** What it says of work that it had taken before. */
  readonly status?: () => CallOutcome;
  /** What the attempt is about, beside the usual. */
  readonly work?: Partial<WorkItem>;
  readonly gates?: TargetGates;
  /** What is known of its model. */
  readonly known?: ModelCapabilities;
};

/** The files of one project, in memory. */
export class FakeFiles implements Pick<Files, 'head' | 'putBytes'> {
  readonly metas = new Map<FileId, FileMeta>();
  readonly put: FileMeta[] = [];
  failing = 0;

  constructor(...metas: readonly FileMeta[]) {
    for (const meta of metas) this.metas.set(meta.id, meta);
  }

  async head(project: ProjectId, id: FileId): Promise<FileMeta | null> {
    this.#fail();
    return project === PROJECT ? (this.metas.get(id) ?? null) : null;
  }

  async putBytes(_project: ProjectId, meta: FileMeta): Promise<void> {
    this.#fail();
    this.put.push(meta);
  }

  #fail(): void {
    if (this.failing === 0) return;
    this.failing -= 1;
    throw new Error('R2 does not answer');
  }
}

export function fileMeta(id: FileId, mimeType: string): FileMeta {
  return { id, name: 'a', mimeType, bytes: 10, sha256: 'ab', createdAtMs: 0, expiresAtMs: null };
}

/** One attempt of a model step at a provider that does as it is told. */
export class FakeAttempt {
  readonly calls: ModelCall[] = [];
  readonly files: FakeFiles;
  nowMs = 1_000;
  readonly #provider: FakeProvider;
  readonly #attempt: Attempt;
  readonly #kind: ModelStepKind;

  constructor(
    step: Omit<Partial<StepDefinition>, 'uses'> & { readonly uses: ModelStepKind },
    provider: FakeProvider,
    files = new FakeFiles(),
  ) {
    this.#provider = provider;
    this.#kind = step.uses;
    this.files = files;
    this.#attempt = attemptOf(step, provider.work ?? {});
  }

  async run(input: Json) {
    const ran = await runModel(this.#deps(), this.#attempt, this.#kind, input);
    if (ran.result.ok !== true) return ran;
    const { job, step, work } = this.#attempt;
    const owner = { project: job.project, jobId: job.jobId, step, item: null, key: work.key };
    const packed = await packOutput(this.#deps(), owner, ran.result);
    return packed.ok === false ? { ...ran, result: packed } : ran;
  }

  #adapter(): ProviderAdapter {
    const { capabilities, unsupported, answer, status } = this.#provider;
    const failed = new Error('not used');
    return {
      id: 'fake',
      version: 3,
      capabilities: { kinds: ['chat', 'image', 'transcribe'], local: false, ...capabilities },
      transformInput: () => {
        throw failed;
      },
      ...(unsupported === undefined ? {} : { unsupported }),
      normalizeOutput: () => {
        throw failed;
      },
      classifyError: () => {
        throw failed;
      },
      ...(status === undefined ? {} : { getJobStatus: async () => status() }),
      submitJob: async (call, context) => {
        this.calls.push(call);
        if (answer === undefined) throw failed;
        return answer(call, context);
      },
    };
  }

  #deps(): ExecuteDeps {
    const adapter = this.#adapter();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what model steps do not touch is left out
    return {
      objects: { put: async () => {} },
      providers: { get: () => adapter, modelCapabilities: () => this.#provider.known ?? null },
      machine: {
        nowMs: () => this.nowMs,
        newUuid: () => '00000000-0000-7000-8000-000000000000',
        sha256: async (text: string) => `hash of ${text.length}`,
        wait: async () => {},
      },
      log: () => {},
      gates: this.#provider.gates,
      files: this.files,
      outside: { check: async () => never(), get: async () => never() },
      mediaOf: () => ({
        read: async () => never(),
        stream: async () => never(),
        url: async () => null,
      }),
    } as unknown as ExecuteDeps;
  }
}

function never(): never {
  throw new Error('not used');
}

function attemptOf(
  step: Omit<Partial<StepDefinition>, 'uses'> & { uses: ModelStepKind },
  work: Partial<WorkItem>,
): Attempt {
  const definition = definitionSchema.parse({
    name: 'p',
    steps: [{ id: 'a', route: { targets: [{ provider: 'fake', model: 'm' }] }, ...step }],
  });
  const planned = makePlan(definition);
  if (!planned.ok) throw new Error(JSON.stringify(planned.violations));
  const planStep = planned.plan.byId.get('a');
  if (planStep === undefined) throw new Error('no step');
  return {
    job: {
      jobId: JOB,
      project: PROJECT,
      pipeline: 'p',
      version: 1,
      definitionHash: 'h',
      createdAtMs: 0,
      metadata: {},
      requestId: 'req',
      traceId: 'trace',
    },
    plan: planned.plan,
    step: planStep,
    work: {
      key: 'a#1',
      step: 'a',
      item: null,
      attempt: 1,
      target: { provider: 'fake', model: 'm' },
      targetIndex: 0,
      deadlineAtMs: 61_000,
      reads: [],
      itemRead: null,
      reAsk: null,
      ...work,
    },
    signal: new AbortController().signal,
    onHeaders: () => {},
  };
}
