import { Agent, request } from 'undici';

/** By how much one clock is ahead of the framework's, and how well that is known. */
export interface ClockOffset {
  offsetMs: number;
  errorMs: number;
}

/** By the Date of an answer, which has whole seconds. Throws when there is no answer. */
export async function clockAgainst(url: string, authority: Buffer | undefined): Promise<ClockOffset> {
  const dispatcher = new Agent({
    headersTimeout: 5000,
    connect: { timeout: 5000, ...(authority && { ca: authority }) },
  });
  try {
    const before = Date.now();
    const { headers, body } = await request(`${url.replace(/\/$/, '')}/ping`, { dispatcher });
    await body.dump();
    const tookMs = Date.now() - before;
    return { offsetMs: before + tookMs / 2 - (Date.parse(String(headers.date)) + 500), errorMs: tookMs / 2 + 500 };
  } finally {
    await dispatcher.destroy();
  }
}
