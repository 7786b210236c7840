/** Where a model lies: `models/…`, unless its name says otherwise, like `tunedModels/…`. */
export function modelPath(model: string): string {
  const whole = model.includes('/') ? model : `models/${model}`;
  return whole.split('/').map(encodeURIComponent).join('/');
}
