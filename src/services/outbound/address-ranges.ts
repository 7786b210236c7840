import { parseAddress, type Address } from './address.ts';

/** What is wrong with an address: null for one on the public internet. */
export type RangeName =
  | 'unspecified'
  | 'private'
  | 'shared (carrier-grade NAT)'
  | 'loopback'
  | 'link-local'
  | 'protocol assignment'
  | 'documentation'
  | 'benchmarking'
  | '6to4'
  | 'multicast'
  | 'reserved'
  | 'cloud metadata'
  | 'IPv4 inside IPv6'
  | 'not global unicast';

type Range = { readonly address: Address; readonly bits: number; readonly name: RangeName };

/** From the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its updates). */
const RANGES: readonly Range[] = [
  range('0.0.0.0/8', 'unspecified'),
  range('10.0.0.0/8', 'private'),
  range('100.64.0.0/10', 'shared (carrier-grade NAT)'),
  range('127.0.0.0/8', 'loopback'),
  range('169.254.0.0/16', 'link-local'),
  range('172.16.0.0/12', 'private'),
  range('192.0.0.0/24', 'protocol assignment'),
  range('192.0.2.0/24', 'documentation'),
  range('192.31.196.0/24', 'protocol assignment'),
  range('192.52.193.0/24', 'protocol assignment'),
  range('192.88.99.0/24', '6to4'),
  range('192.168.0.0/16', 'private'),
  range('192.175.48.0/24', 'protocol assignment'),
  range('198.18.0.0/15', 'benchmarking'),
  range('198.51.100.0/24', 'documentation'),
  range('203.0.113.0/24', 'documentation'),
  range('224.0.0.0/4', 'multicast'),
  range('240.0.0.0/4', 'reserved'),
  // Azure's channel between a machine and its host: the only one that lies in a public range.
  range('168.63.129.16/32', 'cloud metadata'),
  range('::/128', 'unspecified'),
  range('::1/128', 'loopback'),
  range('::ffff:0:0/96', 'IPv4 inside IPv6'),
  range('::/96', 'IPv4 inside IPv6'),
  range('::ffff:0:0:0/96', 'IPv4 inside IPv6'),
  range('64:ff9b::/96', 'IPv4 inside IPv6'),
  range('64:ff9b:1::/48', 'IPv4 inside IPv6'),
  range('2002::/16', '6to4'),
  range('2001::/23', 'protocol assignment'),
  range('2001:db8::/32', 'documentation'),
  range('3fff::/20', 'documentation'),
  range('fc00::/7', 'private'),
  range('fe80::/10', 'link-local'),
  range('fec0::/10', 'private'),
  range('ff00::/8', 'multicast'),
];

/** All of IPv6 that is given out to the public so far. */
const GLOBAL_UNICAST = range('2000::/3', 'not global unicast');

/** The range that forbids an address; null for a public one. */
export function forbiddenRange(address: Address): RangeName | null {
  const found = RANGES.find((known) => lies(address, known));
  if (found !== undefined) return found.name;
  if (address.length === 4 || lies(address, GLOBAL_UNICAST)) return null;
  return GLOBAL_UNICAST.name;
}

function lies(address: Address, { address: base, bits }: Range): boolean {
  if (address.length !== base.length) return false;
  return base.every((byte, index) => {
    const held = Math.min(8, Math.max(0, bits - index * 8));
    const mask = 0xff & (0xff << (8 - held));
    return ((address[index] ?? 0) & mask) === (byte & mask);
  });
}

function range(cidr: string, name: RangeName): Range {
  const [base = '', bits] = cidr.split('/');
  const address = parseAddress(base);
  if (address === null) throw new RangeError(`not a range: ${cidr}`);
  return { address, bits: Number(bits), name };
}
