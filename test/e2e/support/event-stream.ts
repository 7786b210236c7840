import type { Api } from './api.ts';

/** One server-sent event, with its data parsed. */
export type Sent = {
  readonly id: string | null;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
};

export type EventStream = {
  readonly status: number;
  readonly headers: Headers;
  /** All that came so far, without comments. */
  readonly sent: readonly Sent[];
  readonly comments: number;
  /** The id of the last event that had one. */
  readonly lastId: string | null;
  /** Resolves when the stream is over, `cut` when this side or a crash has ended it. */
  readonly ended: Promise<'ended' | 'cut'>;
  /** Hangs up, as a client that loses its connection does. */
  cut(): void;
};

type Opening = {
  readonly lastId?: string | null;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onEvent?: (sent: Sent, stream: EventStream) => void;
};

/** Opens a stream of events as a client that can resume does. */
export async function openStream(
  { url, key }: Pick<Api, 'url' | 'key'>,
  path: string,
  { lastId = null, method = 'GET', body, headers = {}, onEvent = () => {} }: Opening = {},
): Promise<EventStream> {
  const hangUp = new AbortController();
  const reply = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      accept: 'text/event-stream',
      ...(lastId === null ? {} : { 'last-event-id': lastId }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: hangUp.signal,
  });
  const sent: Sent[] = [];
  let comments = 0;
  let last = lastId;
  const stream: EventStream = {
    status: reply.status,
    headers: reply.headers,
    sent,
    get comments() {
      return comments;
    },
    get lastId() {
      return last;
    },
    ended: Promise.resolve('ended'),
    cut: () => hangUp.abort(),
  };
  const take = (block: string): void => {
    if (hangUp.signal.aborted) return;
    const event = parse(block);
    if (event === null) comments += 1;
    else {
      sent.push(event);
      last = event.id ?? last;
      onEvent(event, stream);
    }
  };
  return Object.defineProperty(stream, 'ended', { value: read(reply, take) });
}

async function read(reply: Response, take: (block: string) => void): Promise<'ended' | 'cut'> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const bytes of reply.body ?? []) {
      const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
    return 'ended';
  } catch {
    return 'cut';
  }
}

/** Null for a block without data: a comment, or the time to wait before resuming. */
function parse(block: string): Sent | null {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [name = '', ...value] = line.split(': ');
    fields.set(name, value.join(': '));
  }
  const data = fields.get('data');
  if (data === undefined) return null;
  return {
    id: fields.get('id') ?? null,
    event: fields.get('event') ?? 'message',
    data: JSON.parse(data) as Sent['data'],
  };
}
