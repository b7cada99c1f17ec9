/** Times and counts that a task keeps to. */

/** A replica's program must be listening through the interposer by then; counted anew while its snapshot is on its way. */
export const helloTimeoutMs = 30_000;
/** How long a server may take to obey `stop` before SIGTERM; less when the grace period is short. */
export const handoverMsMax = 2000;
/** How long an interposer that has given up, or whose channel is closed, may take to end the program. */
export const surrenderMs = 5000;
/** How long the executor waits for the acknowledgement of the terminal update while the agent is connected. */
export const acknowledgementMs = 10_000;
/** For what a program leaves behind when it ends by itself. */
export const leftoverGraceMs = 1000;
/** Kept from the agent's shutdown grace for the terminal update. */
export const shutdownReserveMs = 1000;

/** So often an agent may subscribe this executor and not acknowledge the terminal update. */
export const finalTellingsMax = 100;

/** Of each kind, and their length. */
export const complaintsMax = 20;
export const complaintCharactersMax = 1000;
