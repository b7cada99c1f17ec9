/** The members that keep a program of the catalogue, as its story needs them. */
export interface Stage {
  /** Where its clients may connect now. */
  ports(): Promise<number[]>;
  /** The member that leads is lost. Resolves when another one has joined in its place. */
  loseLeader(): Promise<void>;
  /** Each member that has the program's state comes to lead, one after the other; this one leads now, at that port. */
  leaders(): AsyncIterable<{ member: number; port: number }>;
  /** For clients whose connections are lost with a leader. */
  takeoverLimitMs: number;
}
