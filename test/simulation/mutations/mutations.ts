/** A plausible bug: one place in the source, and what somebody might have written there. */
export type Mutation = {
  readonly name: string;
  /** Below `src/`. */
  readonly file: string;
  /** Occurs exactly once. */
  readonly find: string;
  readonly replace: string;
};

const shard = (file: string) => `runtime/job-shard/${file}`;

export const mutations: readonly Mutation[] = [
  {
    name: 'history is confirmed before it is written',
    file: 'runtime/consumers/history.ts',
    find: 'const [result, told] = await Promise.all([',
    replace: 'await confirmAll(deps, entries);\n  const [result, told] = await Promise.all([',
  },
  {
    name: 'history is confirmed beyond what was written',
    file: shard('sending/confirm.ts'),
    find: 'if (seq <= confirmed || firstSeq > confirmed + 1) return;',
    replace: 'if (seq <= confirmed) return;',
  },
  {
    name: 'a late result is used: a report is not fenced by its attempt',
    file: 'engine/attempts/settle.ts',
    find: 'const active = draft.state.active[attemptKey(id, item, attempt)];\n  const step =',
    replace:
      'const active = Object.values(draft.state.active).find((each) => each.step === id && each.item === item);\n  const step =',
  },
  {
    name: 'a lease is kept for the step, not for the attempt',
    file: shard('work/leases.ts'),
    find: 'const seen = memory.seenAtMs.get(seenKey(job.state.birth.id, key));',
    replace: 'const seen = memory.seenAtMs.size > 0 ? active.startedAtMs + 1e12 : undefined;',
  },
  {
    name: 'the alarm is not set again after it fired',
    file: shard('alarm.ts'),
    find: '    // Without anything attended to, nothing has moved.\n    arm(context, nextAlarmAtMs(context, due.length === 0 ? overdue : overdueRows(context)));',
    replace: '',
  },
  {
    name: 'a lost hint is never repeated',
    file: shard('book.ts'),
    find: 'return outstanding > 0 ? sentAtMs + resendDelayMs(tries) : Number.POSITIVE_INFINITY;',
    replace: 'return outstanding < 0 ? sentAtMs + resendDelayMs(tries) : Number.POSITIVE_INFINITY;',
  },
  {
    name: 'new attempts start after a cancel',
    file: 'engine/due.ts',
    find: "return status === 'cancelling' || status === 'paused';",
    replace: "return status === 'paused';",
  },
  {
    name: 'the row of an idempotency key is not written',
    file: shard('submit.ts'),
    find: 'saveKey(sql, idempotency.keyHash, { jobId: birth.id, bodyHash: idempotency.bodyHash });',
    replace: '',
  },
  {
    name: 'a parent is never told of its child’s end',
    file: shard('work/chores.ts'),
    find: 'over && book.parentTold !== true && state.birth.parent !== undefined',
    replace: 'over && book.parentTold === true && state.birth.parent !== undefined',
  },
  {
    name: 'what a finished job owes is forgotten with its history',
    file: shard('commit.ts'),
    find: 'const due = Math.min(historyDue, choresDueAtMs(job), flowDueAtMs(context, job));',
    replace: 'const due = Math.min(historyDue, flowDueAtMs(context, job));',
  },
  {
    name: 'a slot is not given back again when the first word of it is lost',
    file: shard('flow.ts'),
    find: "if (flow === undefined || flow.status === 'granted') return Number.POSITIVE_INFINITY;",
    replace: "if (flow === undefined || flow.status !== 'asked') return Number.POSITIVE_INFINITY;",
  },
  {
    name: 'the beginning of a grace is never written down',
    file: shard('attend.ts'),
    find: '  after = noteUnheard(context, after);\n',
    replace: '',
  },
  {
    name: 'a late cost is charged each time it is reported',
    file: 'engine/attempts/late.ts',
    find: "if (!open) return 'repeated';",
    replace: "if (!open && record === undefined) return 'repeated';",
  },
  {
    name: 'of two attempts side by side both give a result',
    file: 'engine/attempts/settle.ts',
    find: '    supersedeOthers(draft, active, active.attempt);\n',
    replace: '',
  },
  {
    name: 'an attempt that fails beside another one is tried again at once',
    file: 'engine/attempts/ending.ts',
    find: 'const left = leftToOther(draft, step, active, !isMisfit(failure));',
    replace: 'const left = null as ReturnType<typeof leftToOther>;',
  },
  {
    name: 'a submit whose answer was lost is sent again, and nobody asks the provider',
    file: 'services/run/calls/reconcile-call.ts',
    find: 'for (const lost of attempt.work.reconcile ?? []) {',
    replace: 'for (const lost of (attempt.work.reconcile ?? []).slice(0, 0)) {',
  },
  {
    name: 'what an adapter needs to ask again is not kept',
    file: shard('work/reports.ts'),
    find: 'putPayload(ports.sql, jobId, box, payloadKeys.ticket(key), data);',
    replace: '',
  },
  {
    name: 'a provider works on for nobody: what its job gave up is not stopped',
    file: shard('work/tickets.ts'),
    find: 'return [...ended, ...(ends ? Object.values(state.active) : [])].filter(isTicketed);',
    replace: 'return [...ended, ...(ends ? [] : [])].filter(isTicketed);',
  },
  {
    name: 'history that was not confirmed is not sent again',
    file: shard('attend.ts'),
    find: 'if (sent === undefined || ports.nowMs() >= sent.atMs + resendDelayMs(sent.tries)) {',
    replace: 'if (sent === undefined) {',
  },
  {
    name: 'a call is made before room is taken for it',
    file: 'services/budgets/within-budget.ts',
    find: '(overJob(deps, attempt, counted) ?? (await reserve(deps, attempt, counted)));',
    replace: 'overJob(deps, attempt, counted);',
  },
  {
    name: 'what a call cost is not told to its budgets',
    file: 'services/budgets/within-budget.ts',
    find: "if (ran.result.ok !== 'pending') beside(attempt, settle(deps, attempt, counted, ran));",
    replace: '',
  },
  {
    name: 'what a call cost counts beside what was reserved for it',
    file: 'runtime/budget/pages.ts',
    find: 'if (known !== undefined) count(this.tally, known, -1);',
    replace: '',
  },
  {
    name: 'a call of which nobody knows the cost counts as free',
    file: 'runtime/budget/entries.ts',
    find: "return entry.s === 'a' ? entry : { ...entry, s: 'a' };",
    replace: "return { ...entry, s: 'p', c: 0 };",
  },
  {
    name: 'a ledger only remembers what was reserved',
    file: 'runtime/budget/ledger.ts',
    find: '        this.#pages.write();\n',
    replace: '',
  },
  {
    name: 'a child job does not know what its parent lets it cost',
    file: 'services/run/run-child.ts',
    find: '...(maxCostNanoUsd === null ? {} : { maxCostNanoUsd }),',
    replace: '',
  },
  {
    name: 'a parent holds nothing for its children',
    file: 'engine/fold/fold.ts',
    find: '...(allowanceNanoUsd === undefined ? {} : { allowanceNanoUsd }) };',
    replace: '...(allowanceNanoUsd === undefined ? {} : { allowanceNanoUsd: 0 }) };',
  },
];
