import { describeAdapterContract } from '../contract.ts';
import { exchangesOf, makeVendor, secretKey, vendorIds } from './support.ts';

for (const id of vendorIds) {
  describeAdapterContract(id, (fetch) => makeVendor(id, fetch), {
    exchanges: exchangesOf(id),
    secrets: [secretKey],
  });
}
