import { registerHooks } from 'node:module';

/** Applies one mutation to the source while it is loaded: `PENSTOCK_MUTATION` is its JSON. Nothing on disk changes. */
const { file, find, replace } = JSON.parse(process.env['PENSTOCK_MUTATION'] ?? '{}');

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/src/${file}`)) return loaded;
    const source = Buffer.from(loaded.source).toString('utf8');
    if (source.split(find).length !== 2) {
      process.stdout.write(`stale mutation: ${file} does not have its text exactly once\n`);
      process.exit(3);
    }
    return { ...loaded, source: source.replace(find, () => replace) };
  },
});
