import { exposeLeaks } from './leak-guard';

export { fakeCache, type FakeCache } from './fake-cache';
export { fakeQueue, type DispatchedTo, type FakeQueue } from './fake-queue';
export {
  createTestApplication,
  type TestApplication,
  type TestApplicationOptions,
} from './test-application';
export { travel, travelBack, travelTo } from './time-travel';

exposeLeaks();
