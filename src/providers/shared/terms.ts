/** A prompt of words and names, as a list of them: between commas, semicolons or lines. */
export function termsIn(prompt: string): readonly string[] {
  return prompt
    .split(/[,;\n]/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}
