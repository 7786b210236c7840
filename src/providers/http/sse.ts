/** One server-sent event. `id` and `retry` serve reconnecting, which a model call never does. */
export type ServerSentEvent = { readonly event: string; readonly data: string };

export type SseParser = {
  /** Takes the next piece of the stream, cut anywhere, and gives the events that it completed. */
  push(text: string): readonly ServerSentEvent[];
  /** Gives what is left when the stream ends without its last blank line. */
  end(): readonly ServerSentEvent[];
};

/**
 * A parser for `text/event-stream`. Lines may end in LF, CR or CRLF, also across pieces; comments and
 * unknown fields are skipped. It holds one unfinished event, so the reader bounds its memory.
 */
export function createSseParser(): SseParser {
  /** The beginning of a line whose end has not come yet, in the pieces it came in. */
  let line: string[] = [];
  let data: string[] = [];
  let event = '';
  /** The last piece ended in CR, so a LF at the beginning of the next one belongs to it. */
  let afterCarriageReturn = false;

  function takeEvent(): ServerSentEvent | null {
    const taken = data.length === 0 ? null : { event: event || 'message', data: data.join('\n') };
    data = [];
    event = '';
    return taken;
  }

  function takeLine(content: string): ServerSentEvent | null {
    if (content === '') return takeEvent();
    const colon = content.indexOf(':');
    const name = colon < 0 ? content : content.slice(0, colon);
    const rest = colon < 0 ? '' : content.slice(colon + 1);
    const value = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (name === 'data') data.push(value);
    if (name === 'event') event = value;
    return null;
  }

  function push(text: string): readonly ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let start = afterCarriageReturn && text.startsWith('\n') ? 1 : 0;
    if (text !== '') afterCarriageReturn = text.endsWith('\r');
    for (let end = lineEnd(text, start); end < text.length; end = lineEnd(text, start)) {
      line.push(text.slice(start, end));
      const taken = takeLine(line.join(''));
      if (taken !== null) events.push(taken);
      line = [];
      start = text.startsWith('\r\n', end) ? end + 2 : end + 1;
    }
    if (start < text.length) line.push(text.slice(start));
    return events;
  }

  return {
    push,
    end: () => push('\n\n'),
  };
}

/** Where the line that begins at `start` ends; the text's length when it goes on. */
function lineEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === 10 || unit === 13) return at;
  }
  return text.length;
}
