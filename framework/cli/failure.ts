/** What `gaia` ends with. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, refused: 4, timedOut: 5, notFound: 6 } as const;

/** The same in words, for help and manual. */
export const exitWords: Record<keyof typeof EXIT, string> = {
  ok: 'done',
  failed: 'failed',
  usage: 'wrong usage',
  unreachable: 'the API does not answer',
  refused: 'refused by the API',
  timedOut: 'timed out',
  notFound: 'what was named does not exist',
};

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure as a user meets it: what went wrong, and what to do next. */
export class Failure extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly remedy: string,
    readonly more: Record<string, unknown> = {},
  ) {
    super(message);
  }
}
