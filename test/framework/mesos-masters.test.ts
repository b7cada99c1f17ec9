import assert from 'node:assert/strict';
import { masterAddress } from '../../framework/mesos-masters.js';

describe('the address in what a Mesos master says of itself', () => {
  const info = { id: 'm', ip: 16_777_343, port: 5050, pid: 'master@10.0.0.1:5050', hostname: 'box1' };
  for (const [what, data, address] of [
    ['its IP address', { ...info, address: { hostname: 'box1', ip: '10.0.0.1', port: 5050 } }, '10.0.0.1:5050'],
    ['an IPv6 address', { ...info, address: { ip: 'fe80::1', port: 5050 } }, '[fe80::1]:5050'],
    ['its name', { ...info, address: { hostname: 'box1', port: 5051 } }, 'box1:5051'],
    ['its name, in the older form', info, 'box1:5050'],
    ['nothing without a port', { hostname: 'box1' }, null],
    ['nothing without a host', { port: 5050 }, null],
    ['nothing of another form', 7, null],
  ] as const) {
    it(`is ${what}`, () => assert.equal(masterAddress(Buffer.from(JSON.stringify(data)), false), address));
  }

  it('is nothing where there is no JSON', () => assert.equal(masterAddress(Buffer.from([10, 4, 1]), false), null));

  it('is its name over TLS, as certificates have it', () => {
    const address = { hostname: 'box1', ip: '10.0.0.1', port: 5050 };
    assert.equal(masterAddress(Buffer.from(JSON.stringify({ ...info, address })), true), 'box1:5050');
    assert.equal(
      masterAddress(Buffer.from(JSON.stringify({ address: { ip: '10.0.0.1', port: 5050 } })), true),
      '10.0.0.1:5050',
    );
  });
});
