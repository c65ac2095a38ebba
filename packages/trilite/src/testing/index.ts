import { exposeLeaks } from './leak-guard';

export { TestCommand } from './console/test-command';
export type {
  AssertedTable,
  AssertedValues,
  DatabaseAssertionOptions,
} from './database-assertions';
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
export { fakeSchedule, type FakeSchedule, type NotedTask } from './fake-schedule';
export type { ExpectedErrors } from './http/checks/field-errors';
export type { JsonStructure, JsonStructureOf } from './http/checks/json-values';
export type { FormField } from './http/request-body';
export { TestClient } from './http/test-client';
export { TestRequest } from './http/test-request';
export { TestResponse } from './http/test-response';
export { describeTenantIsolation } from './isolation/describe-tenant-isolation';
export type {
  IsolationJob,
  IsolationRequest,
  IsolationTenant,
  TenantIsolationOptions,
} from './isolation/isolation-options';
export {
  createTestApplication,
  type RefreshOptions,
  type RunJobsOptions,
  type TestApplication,
  type TestApplicationOptions,
} from './test-application';
export { travel, travelBack, travelTo } from './time-travel';

exposeLeaks();
