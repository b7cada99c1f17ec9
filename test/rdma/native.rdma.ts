/** Groups of gaia-native-tests over verbs, in a guest. */
import { theGuests } from './guests.js';
import { limitMs, runNativeTests } from './native.js';

/** Those whose members can share a guest's memory and need no more than a device. */
const groups = [
  'three members apply',
  'a new member joins by replay',
  'leadership is handed over',
  'a stopped follower',
  'leadership goes round',
  'members are replaced',
  'disk: a whole group',
  'disk: all members are killed',
];

describe('groups over verbs in a guest', function () {
  this.timeout(limitMs + 20_000);

  // A process for each: members that are forked cannot use a device that their parent has opened.
  for (const name of groups) it(name, () => runNativeTests(theGuests().get(3), [`${name}*`]));
});
