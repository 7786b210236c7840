export type FloorParameters = { readonly model: string; readonly text: string };

export type FloorJob = FloorParameters & { readonly id: string };

/** One call of the chat model, as plainly as it can be made; gives the answer's text. */
export async function callModel(url: string, { model, text }: FloorParameters): Promise<string> {
  const reply = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer simulated' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: text }] }),
  });
  if (!reply.ok) throw new Error(`the model answered ${reply.status}`);
  const body: { choices: { message: { content: string } }[] } = await reply.json();
  return body.choices[0]?.message.content ?? '';
}
