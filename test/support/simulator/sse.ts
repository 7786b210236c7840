/** One server-sent event with a JSON payload. */
export function eventFrame(payload: object): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}

export const doneFrame = 'data: [DONE]\n\n';

const piecesMax = 12;
const pieceLeast = 16;

/** Cuts a text into a handful of pieces for a stream, never inside a surrogate pair. */
export function splitText(text: string): string[] {
  const size = Math.max(pieceLeast, Math.ceil(text.length / piecesMax));
  const pieces: string[] = [];
  let start = 0;
  while (start < text.length) {
    const end = wholeCharacterEnd(text, start + size);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

function wholeCharacterEnd(text: string, end: number): number {
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? end + 1 : end;
}
