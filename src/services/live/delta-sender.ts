import type { ProjectId } from '../../domain/ids.ts';
import type { Attempt, ExecuteDeps } from '../run/attempt.ts';
import type { DeltaRequest } from '../ports/live.ts';
import { errorName } from '../ports/log.ts';

/** Pieces of text that come within this time go together. */
const TOGETHER_MS = 150;
/** While nobody listens it is asked this seldom whether somebody does, and then ever more seldom. */
const ASK_AGAIN_MS = 1_000;
const ASK_AGAIN_MAX_MS = 16_000;
/** Text that waits for somebody to listen, in UTF-16 units; more is forgotten, which the next piece's index shows. */
const WAITING_MAX = 65_536;
/** How long a result waits for its last piece to be told. */
const LAST_PIECE_MS = 250;

export type DeltaSender = {
  /** Takes the next piece of the text. Never throws and never waits. */
  push(piece: string): void;
  /** Tells what is left, if anybody listens; soon over. */
  end(): Promise<void>;
};

/** Tells those who listen of a chat's text while it comes; null for attempts that are not streamed. */
export function deltaSenderOf(deps: ExecuteDeps, attempt: Attempt): DeltaSender | null {
  const { live } = deps;
  const { job, step, work } = attempt;
  const { uses, stream } = step.definition;
  const wanted = uses === 'model.chat' && (stream ?? job.stream ?? false);
  if (live === undefined || !wanted) return null;
  const subject = {
    jobId: job.jobId,
    step: work.step,
    item: work.item,
    attempt: work.attempt,
  };
  return makeDeltaSender({ ...deps, live }, job.project, subject);
}

type Deps = Pick<ExecuteDeps, 'machine' | 'log'> & {
  readonly live: NonNullable<ExecuteDeps['live']>;
};

type Subject = Pick<DeltaRequest, 'jobId' | 'step' | 'item' | 'attempt'>;

export function makeDeltaSender(deps: Deps, project: ProjectId, subject: Subject): DeltaSender {
  const { machine } = deps;
  const teller = makeTeller(deps, project, subject);
  const ended = new AbortController();
  let waiting = '';
  let askAgainMs = ASK_AGAIN_MS;
  let notBeforeMs = 0;
  let sending: Promise<void> | null = null;

  async function sendOne(): Promise<void> {
    // Whether anybody listens is asked with nothing; only the first question carries its text.
    const text = teller.isHeard() ? waiting : '';
    if (text !== '') waiting = '';
    const left = await teller.tell(text);
    waiting = left + waiting;
    const pauseMs = teller.isHeard() ? TOGETHER_MS : askAgainMs;
    notBeforeMs = text === '' && teller.isHeard() ? 0 : machine.nowMs() + pauseMs;
    askAgainMs = teller.isHeard() ? ASK_AGAIN_MS : Math.min(ASK_AGAIN_MAX_MS, askAgainMs * 2);
  }

  async function sendAll(): Promise<void> {
    while (waiting !== '') {
      const pauseMs = notBeforeMs - machine.nowMs();
      if (pauseMs > 0) await machine.wait(pauseMs, ended.signal);
      if (ended.signal.aborted && !teller.isHeard()) break;
      await sendOne();
    }
    sending = null;
  }

  return {
    push(piece) {
      waiting += piece;
      if (waiting.length > WAITING_MAX) {
        waiting = '';
        teller.skip();
      }
      if (waiting !== '') sending ??= sendAll();
    },
    async end() {
      ended.abort();
      const late = new AbortController();
      await Promise.race([sending, machine.wait(LAST_PIECE_MS, late.signal)]);
      late.abort();
    },
  };
}

type Teller = {
  /** Gives back the text when nobody listens. Never rejects. */
  tell(text: string): Promise<string>;
  /** A piece is lost. */
  skip(): void;
  /** Whether somebody listened when last asked; true before that. */
  isHeard(): boolean;
};

function makeTeller({ live, log }: Deps, project: ProjectId, subject: Subject): Teller {
  let index = 0;
  let isHeard = true;
  return {
    isHeard: () => isHeard,
    skip: () => {
      index += 1;
    },
    async tell(text) {
      try {
        const { listening } = await live.tell(project, { ...subject, index, text });
        isHeard = listening;
        if (listening && text !== '') index += 1;
        return listening ? '' : text;
      } catch (error) {
        // It may have been told all the same: it is not told again, and the index of the next piece shows a gap.
        isHeard = false;
        index += 1;
        log('debug', 'delta.not_told', { job_id: subject.jobId, error: errorName(error) });
        return '';
      }
    },
  };
}
