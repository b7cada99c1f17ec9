import { isIP } from 'node:net';

/** A host as Marathon lists its addresses; a host that is a name has none that is known. */
export function ipAddressesOf(host: string): { ipAddress: string; protocol: string }[] {
  const version = isIP(host);
  return version === 0 ? [] : [{ ipAddress: host, protocol: `IPv${version}` }];
}
