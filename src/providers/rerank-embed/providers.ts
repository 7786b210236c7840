import type { ProviderEntry } from '../binding.ts';
import { makeRerankEmbed } from './adapter.ts';
import { cohere } from './cohere.ts';
import { jina } from './jina.ts';
import type { RetrievalVendor } from './vendor.ts';
import { voyage } from './voyage.ts';

/** The vendors whose models embed and rerank. */
export const rerankEmbedProviders = {
  cohere: row(cohere, 'COHERE', 'https://api.cohere.com/v2'),
  jina: row(jina, 'JINA', 'https://api.jina.ai/v1'),
  voyage: row(voyage, 'VOYAGE', 'https://api.voyageai.com/v1'),
} as const satisfies Record<string, ProviderEntry>;

function row(vendor: RetrievalVendor, prefix: string, baseUrl: string): ProviderEntry {
  return {
    secretName: `${prefix}_API_KEY`,
    baseUrlName: `${prefix}_BASE_URL`,
    baseUrl,
    make: (binding) => makeRerankEmbed(binding, vendor),
  };
}
