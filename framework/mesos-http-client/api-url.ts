/**
 * The URL of an API on a server given as `host:port` or as an http(s) URL, whose path is kept as a prefix.
 * @param secure what is no URL is asked over HTTPS, and HTTP is refused
 * @throws RangeError if `address` is no such thing, or carries credentials: these do not belong into URLs
 */
export function apiUrl(address: string, path: string, secure = false): string {
  const text = address.includes('://') ? address : `http${secure ? 's' : ''}://${address}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.username || url?.password)
    throw new RangeError(`address of ${url.host}: give credentials as an option, not in the URL`);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash) {
    throw new RangeError(`address '${address}': expected host:port or http://host:port`);
  }
  if (secure && url.protocol === 'http:')
    throw new RangeError(
      `address '${address}': TLS is asked for, and http: is without; expected host:port or https://`,
    );
  return url.origin + url.pathname.replace(/\/$/, '') + path;
}

/** A principal and its secret, as the server's credentials file has them. */
export interface Credentials {
  principal: string;
  secret: string;
}

export function basicAuthorization(credentials: Credentials | undefined): Record<string, string> {
  if (!credentials) return {};
  const { principal, secret } = credentials;
  return { authorization: `Basic ${Buffer.from(`${principal}:${secret}`, 'utf8').toString('base64')}` };
}
