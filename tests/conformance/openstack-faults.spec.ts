/** The openstack connector with a proxy between it and the simulator that spoils what it says. */
import { X509Certificate } from 'node:crypto';
import { systemClock } from '../../src/main/clock.ts';
import { OpenStackConnector } from '../../src/main/platforms/openstack/openstack-connector.ts';
import { openStackSettings } from '../../src/main/platforms/openstack/settings.ts';
import { firstCertificate } from '../simulators/fault-proxy/certificates.ts';
import { HttpFaultProxy } from '../simulators/fault-proxy/http-fault-proxy.ts';
import { OpenStackSimulator, simulatorUser } from '../simulators/openstack/openstack-simulator.ts';
import { faultSuite } from './fault-suite.ts';

const tlsPin = new X509Certificate(firstCertificate.cert).fingerprint256;

faultSuite('openstack', async () => {
  const simulator = await OpenStackSimulator.start();
  const base = simulator.data.addImage({ name: 'base' });
  const vmIds = Array.from({ length: 230 }, (_, index) => simulator.data.addServer({ name: `vm-${String(index)}`, image: base.id }).id);
  const proxy = await HttpFaultProxy.start([simulator.origin], firstCertificate);
  simulator.publicOrigin = proxy.origin(simulator.origin);
  return {
    connector: new OpenStackConnector(openStackSettings.parse({ ...simulator.settings, tlsPin }), { password: simulatorUser.password }, {
      clock: systemClock, environment: {}, http: { firstDelayMs: 1, idleLimitMs: 300, totalLimitMs: 5000, tries: 3 }, sleep: () => Promise.resolve(),
    }),
    proxy,
    vmIds,
    isListing: ({ method, path }) => method === 'GET' && path.includes('/servers/detail'),
    dispose: async () => {
      await proxy.dispose();
      await simulator.stop();
    },
  };
});
