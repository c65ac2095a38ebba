import { exposeLeaks } from './leak-guard';

export { fakeCache, type FakeCache } from './fake-cache';
export { fakeEvents, type FakeEvents } from './fake-events';
export {
  fakeQueue,
  type DispatchedBatch,
  type DispatchedChain,
  type DispatchedJob,
  type DispatchedTo,
  type FakeQueue,
  type FakeQueueOptions,
} from './fake-queue';
export { describeTenantIsolation } from './isolation/describe-tenant-isolation';
export type {
  IsolationJob,
  IsolationRequest,
  IsolationTenant,
  TenantIsolationOptions,
} from './isolation/isolation-options';
export {
  createTestApplication,
  type RunJobsOptions,
  type TestApplication,
  type TestApplicationOptions,
} from './test-application';
export { travel, travelBack, travelTo } from './time-travel';

exposeLeaks();
