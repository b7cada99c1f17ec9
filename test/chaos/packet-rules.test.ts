import assert from 'node:assert/strict';
import { tableOf } from './packet-rules.js';

describe('rules for packets', () => {
  it('are a table of nftables, by direction', () => {
    const text = tableOf('chaos1', [
      { direction: 'out', others: ['10.77.0.102', '10.77.0.103'], verdict: 'drop' },
      { direction: 'in', others: null, verdict: { dropPercent: 20 } },
      { direction: 'in', others: ['10.77.0.102'], verdict: 'reset' },
    ]);
    assert.deepEqual(
      text.split('\n').map((line) => line.trim()),
      [
        'table ip chaos1 {',
        'chain out {',
        'type filter hook output priority 0;',
        'oifname "eth0" ip daddr { 10.77.0.102, 10.77.0.103 } drop',
        '}',
        'chain in {',
        'type filter hook input priority 0;',
        'iifname "eth0" numgen random mod 100 < 20 drop',
        'iifname "eth0" ip saddr { 10.77.0.102 } meta l4proto tcp reject with tcp reset',
        '}',
        '}',
        '',
      ],
    );
  });
});
