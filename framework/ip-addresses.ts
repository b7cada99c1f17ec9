import { BlockList, isIP } from 'node:net';

/** A host as Marathon lists its addresses; a host that is a name has none that is known. */
export function ipAddressesOf(host: string): { ipAddress: string; protocol: string }[] {
  const version = isIP(host);
  return version === 0 ? [] : [{ ipAddress: host, protocol: `IPv${version}` }];
}

/** As it stands in front of `:port`. */
export const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Reached from this machine only. Of names just `localhost` is known to be. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  return version === 0 ? host === 'localhost' : loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
