/** What the names of Cloudflare's models say about the fields they take. */

/** Models with labels of their own, like sentiment. */
export function hasOwnLabels(model: string): boolean {
  return /distilbert|-sst-2/.test(model);
}

/** The older transcription models take a sound's bytes and nothing else, and tell the times of words only. */
export function takesBareSound(model: string): boolean {
  return /\/whisper(?:-tiny-en)?$/.test(model);
}

/** UNVERIFIED: of the newer image models, which want a form instead, none is known here. */
export function takesBarePrompt(model: string): boolean {
  return /flux-1-schnell/.test(model);
}
