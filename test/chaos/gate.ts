/** Whether a strike may cost members: a group with durability memory promises nothing once its majority is gone. */
import type { Durability } from './apps.js';

export interface GroupState {
  id: string;
  durability: Durability;
  /** The scheduler says so, and every member it counts is a living process. */
  isWhole: boolean;
  /** Another strike may cost it a member at any moment. */
  isAtRisk?: boolean;
}

/** Why these members must not be lost now; null: they may. */
export function refusal(
  victims: readonly { group: string }[],
  groups: readonly GroupState[],
  forGood: boolean,
): string | null {
  for (const { id, durability, isWhole, isAtRisk } of groups) {
    const lost = victims.filter(({ group }) => group.startsWith(`${id}@`)).length;
    if (lost === 0 || (durability === 'disk' && !forGood)) continue;
    if (isAtRisk) return `${id} may lose a member any time now`;
    if (!isWhole) return `${id} is not whole, and may lose no member now`;
    if (lost > 1) return `${id} may lose one member, and ${lost} would be`;
  }
  return null;
}
