/** What a probe is told and what it finds. */

export type ProbeTarget =
  | { type: 'http'; secure: boolean; host: string; port: number; path: string }
  | { type: 'tcp'; host: string; port: number };

export interface ProbeOrder {
  target: ProbeTarget;
  /** For all of it. */
  timeoutMs: number;
  /** How much of an answer's body is read; 0: none. */
  bodyBytesMax: number;
  /** How many redirections are followed; left out: none, they are the answer. */
  redirectsMax?: number;
}

export type ProbeOutcome =
  | { type: 'answered'; status: number; contentType: string; body: string }
  | { type: 'connected' }
  /** A COMMAND's end. */
  | { type: 'exited'; code: number }
  /** The cause is half a sentence: "connection refused by 10.0.0.1:8080". */
  | { type: 'failed'; of: 'http' | 'tcp' | 'command'; cause: string };
