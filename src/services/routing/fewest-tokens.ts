import type { ChatCall } from '../../domain/model/model-call.ts';

/** English has about four characters to a token, and code with long names and indents up to twice as many. */
const ASCII_PER_TOKEN = 8;
/** Chinese has one or two characters to a token, Cyrillic and Arabic two or three. */
const OTHERS_PER_TOKEN = 3;

/**
 * Fewer tokens than any usual tokenizer makes of a prompt's text: whoever is over a limit by this count is over it. Half
 * of a usual prompt's tokens, so that most prompts that are too long are found by their provider all the same. Files are
 * not counted.
 */
export function fewestTokensOf({ messages }: ChatCall): number {
  let [ascii, others] = [0, 0];
  for (const { content } of messages) {
    const texts =
      typeof content === 'string'
        ? [content]
        : content.map((part) => (part.type === 'text' ? part.text : ''));
    for (const text of texts) {
      const plain = asciiUnits(text);
      ascii += plain;
      others += text.length - plain;
    }
  }
  return Math.floor(ascii / ASCII_PER_TOKEN + others / OTHERS_PER_TOKEN);
}

function asciiUnits(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) < 128) count += 1;
  }
  return count;
}
