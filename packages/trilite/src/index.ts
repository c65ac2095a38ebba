// The public surface, whole. What is not named here is not public. scripts/build.js turns each line into lazy getters.

export { Application, createApplication, type ApplicationOptions } from './application';

export { CacheEvents, type CacheEvent, type StoreEvent } from './cache/cache-events';
export { CacheKey, defineCacheKeys, type AnyKey, type Key, type Values } from './cache/cache-key';
export {
  CacheRegistry,
  type CacheDriverFactory,
  type CacheDriverFacts,
} from './cache/cache-registry';
export { CacheRepository } from './cache/cache-repository';
export type { CacheRepositoryOptions, RememberOptions } from './cache/cache-repository-options';
export type {
  CacheClaim,
  CacheContents,
  CacheCounts,
  CacheEntry,
  CacheHit,
  CachePrefix,
  CacheStore,
  ClaimAnswer,
} from './cache/cache-store';
export { LockTimeoutError } from './cache/errors';
export { Limit } from './cache/limits/limit';
export type {
  RateClaim,
  RateLimitStore,
  RateVerdict,
  RateWindow,
} from './cache/limits/rate-limit-store';
export {
  RateLimiter,
  type AttemptOptions,
  type LimitResolver,
  type RateLimitDecision,
  type RateLimiterOptions,
} from './cache/limits/rate-limiter';
export type { Funnel } from './cache/locks/funnel';
export type { Lock, LockEvent } from './cache/locks/lock';
export type { HeldLock, LockRequest, LockStore } from './cache/locks/lock-store';
export { Locks, type LocksOptions, type WithoutOverlappingOptions } from './cache/locks/locks';
export { MemoryCacheStore, type MemoryCacheLimits } from './cache/stores/memory-cache-store';
export { NullCacheStore } from './cache/stores/null-cache-store';
export { cacheStore } from './cache/tokens';
export type { Ttl } from './cache/ttl';

export {
  defineApp,
  defineCache,
  defineDatabase,
  defineLogging,
  defineQueue,
  defineSession,
  defineTenancy,
  type AppOptions,
  type BytesText,
  type CacheOptions,
  type CacheStoreOptions,
  type CustomCacheOptions,
  type DatabaseOptions,
  type DurationText,
  type FailoverCacheOptions,
  type IdentificationOptions,
  type LoggingOptions,
  type MemoryCacheOptions,
  type NullCacheOptions,
  type QueueOptions,
  type RedisCacheOptions,
  type SqliteCacheOptions,
  type SqliteConnectionOptions,
  type SqliteQueueOptions,
  type QueueConnectionOptions,
  type SessionOptions,
  type MemoryQueueOptions,
  type NullQueueOptions,
  type FailoverQueueOptions,
  type SyncQueueOptions,
  type TenancyOptions,
  type TieredCacheOptions,
  type UploadLimitOptions,
} from './config/define';
export { defineEnv, storagePath, type BaseEnv, type EnvShape } from './config/env';
export type { Config } from './config/load-config';
export { basePath } from './config/project';

export { Artisan, type CommandResult } from './console/artisan';
export {
  isCommandClass,
  type Command,
  type CommandClass,
  type CommandContext,
} from './console/command';
export { defineConsoleKernel, type ConsoleKernelOptions } from './console/console-kernel-options';
export { type Prompts } from './console/prompts/prompts';
export {
  defineSignature,
  type ArgumentSpec,
  type OptionSpec,
  type Signature,
} from './console/signature';

export {
  backupConnection,
  type Backup,
  type BackupOptions,
  type BackupSource,
} from './database/care/backup';
export { backupFolder, listBackups, type BackupFile } from './database/care/backup-files';
export { checkConnection } from './database/care/check';
export type { CheckOptions, FileFindings, ForeignKeyViolation } from './database/care/integrity';
export { ConnectionRegistry, type ConnectionDescription } from './database/connection-registry';
export { driverVersions } from './database/connection-driver';
export type { OffloadOptions } from './database/connection-offload';
export { Database, type DatabaseTransactionOptions } from './database/database';
export { DatabaseTransaction } from './database/database-transaction';
export { chunk, lazy, type IterationOptions } from './database/paging/iteration';
export type { KeyColumn, KeysetColumn } from './database/paging/keyset';
export {
  cursorPaginate,
  paginate,
  type CursorPage,
  type CursorPaginateOptions,
  type Page,
  type PaginateOptions,
} from './database/paging/pagination';
export type { LockWaitEvent } from './database/connection-wait';
export { DatabaseBusyError, DatabaseFullError, DatabaseQueryError } from './database/errors';
export { AfterCommitError } from './database/transaction-errors';
export {
  backfill,
  type Backfill,
  type BackfillProgress,
  type BackfillRow,
} from './database/migrations/backfill';
export { defineMigration, type Migration } from './database/migrations/migration';
export type { MigrationDatabase } from './database/migrations/migration-database';
export type { Migrator } from './database/migrations/migrator';
export { rebuildTable, type TableRebuild } from './database/migrations/table-rebuild';
export {
  createTenantSearch,
  dropTenantSearch,
  type TenantSearch,
} from './database/migrations/tenant-search';
export {
  alterTenantTable,
  createTenantIndex,
  createTenantTable,
  dropTenantTable,
  tenantTableName,
} from './database/migrations/tenant-table';
export type { QueryEvent, QueryListener } from './database/query-events';
export {
  defineFactory,
  seedFactories,
  type Factory,
  type FactoryOptions,
} from './database/seeding/factory';
export type { FactoryContext } from './database/seeding/factory-types';
export type { Seeder, SeederClass, SeederContext } from './database/seeding/seeder';
export { databaseConnection } from './database/tokens';
// A star, for once: TypeScript lets applications augment an interface through a star, but not through a named re-export.
export type * from './database/tables';

export type { EventClass, EventClasses } from './events/event';
export { EventDispatcher, type ListenerDescription } from './events/event-dispatcher';
export type {
  Listener,
  ListenerClass,
  ListenerQueueOptions,
  ListenerRules,
  ListensTo,
  Subscribe,
  SubscriberClass,
} from './events/listener';

export {
  CacheCleared,
  CacheFailedOver,
  CacheKeyHit,
  CacheKeyMissed,
  CacheKeysEvicted,
  CacheKeysForgotten,
  CacheKeysWritten,
  CacheRecreated,
  CacheRefreshFailed,
  CacheTagsCleared,
  CacheUnavailable,
  JobCancelled,
  JobExceptionOccurred,
  JobFailed,
  JobLost,
  JobProcessed,
  JobProcessing,
  JobQueued,
  JobRecovered,
  JobReleased,
  LockAcquired,
  LockMissed,
  LockReleased,
  LockWaited,
  QueryExecuted,
  QueueBusy,
  QueueFailedOver,
  TenantChanged,
  TenantCreated,
  TenantDeleted,
  TenantPurged,
  TenantRestored,
  TenantStateChanged,
  UniqueJobSkipped,
  WorkerStarted,
  WorkerStopped,
} from './happenings';

export { answer, type Answer, type CacheForOptions } from './http/answers/answer';
export type { StreamChunk } from './http/answers/chunks';
export { AnswerInvalidError, RedirectRefusedError } from './http/answers/errors';
export {
  eventStream,
  type EventSourceFunction,
  type EventStreamContext,
  type EventStreamOptions,
  type ServerEvent,
} from './http/answers/event-stream';
export { download, sendFile, type DownloadOptions, type FileOptions } from './http/answers/file';
export { negotiate, type AnswerForms } from './http/answers/negotiate';
export type { CursorLinks, PageLinks } from './http/answers/page-links';
export {
  back,
  redirect,
  redirectAway,
  redirectToRoute,
  type FieldErrors,
  type Redirect,
  type RedirectStatus,
} from './http/answers/redirect';
export {
  defineResource,
  type CursorPageBody,
  type PageBody,
  type PageLinkOptions,
  type Resource,
  type ResourceAnswer,
  type ResourceTransform,
} from './http/answers/resource';
export { Responder } from './http/answers/responder';
export {
  downloadContent,
  stream,
  type StreamSource,
  type StreamContext,
  type StreamOptions,
} from './http/answers/stream';
export type { CookieAttributes, CookieOptions, Cookies } from './http/cookies/cookies';
export { cors, type CorsOptions } from './http/cors';
export { HttpKernel } from './http/http-kernel';
export { HttpServer, type ListenOptions, type ServerLimits } from './http/http-server';
export { NotFoundError } from './http/errors';
export {
  abort,
  BadRequestError,
  ConflictError,
  ForbiddenError,
  HttpError,
  NotAcceptableError,
  UnauthorizedError,
} from './http/http-errors';
export type {
  TenantMembership,
  TenantResolver,
  TenantTrust,
} from './http/identification/tenant-claim';
export {
  defineHttpKernel,
  type HttpKernelOptions,
  type Middleware,
  type MiddlewareClass,
  type MiddlewareEntry,
  type MiddlewareFactory,
  type MiddlewareFunction,
} from './http/middleware';
export type { Next, Request, Response } from './http/request';
export type { RequestUser } from './http/request-user';
export { localPath } from './http/local-path';
export { bindParameter, bindRow, type ParameterBinding } from './http/binding';
export type { ResourceBuilder, ResourceMethod, ResourceOptions } from './http/resource-routes';
export type { HttpMethod, ParameterPattern, RouteSide } from './http/route';
export {
  defineRoutes,
  type GroupOptions,
  type RouteBuilder,
  type RouteFile,
  type Router,
} from './http/router';
export type { SecureHeadersOptions } from './http/secure-headers';
export type { Session } from './http/session/session';
export { Sessions } from './http/session/sessions';
export { startSession } from './http/session/start-session';
export { verifyCsrf, type CsrfOptions } from './http/session/verify-csrf';
export { signed } from './http/signed';
export { throttle } from './http/throttle';
export { InputInvalidError, type InputErrors } from './http/validation/errors';
export {
  validated,
  type RequestSchemas,
  type ValidParts,
  type Validation,
} from './http/validation/validated';
export { UrlGenerator, type SignedUrlOptions } from './http/urls/url-generator';
export type { RouteName, Routes, UrlArguments, UrlParameters, UrlValue } from './http/urls/routes';
export {
  upload,
  uploads,
  type Upload,
  type UploadOptions,
  type UploadsOptions,
} from './http/uploads/upload';
export { StoredFiles } from './http/uploads/stored-files';
export { UploadedFile, type StoreOptions } from './http/uploads/uploaded-file';
export { UploadFailedError, UploadPlaceError, UploadRefusedError } from './http/uploads/errors';
export { View, view } from './http/views/view';
export { defineViews, type ViewOptions } from './http/views/view-options';

export { BatchHandle } from './queue/batch-handle';
export { ChainHandle } from './queue/chain-handle';
export type {
  Backoff,
  DebounceOptions,
  Job,
  JobClass,
  JobBatch,
  JobContext,
  JobDispatchOptions,
  JobMiddleware,
  JobOptions,
  PayloadOf,
  PendingJob,
  RunningJob,
  UniqueOptions,
} from './queue/job';
export { JobHandle } from './queue/job-handle';
export type {
  BatchRecord,
  FailedJob,
  FailedSelection,
  JobAttempt,
  JobHistory,
  JobLine,
  JobRecord,
  JobState,
  QueueStatus,
  RetryOutcome,
} from './queue/job-records';
export {
  RateLimited,
  type JobRateLimit,
  type RateLimitedOptions,
} from './queue/middleware/rate-limited';
export { Skip, type SkipCondition } from './queue/middleware/skip';
export {
  ThrottlesExceptions,
  type ThrottlesExceptionsOptions,
} from './queue/middleware/throttles-exceptions';
export { WithoutOverlapping, type OverlapOptions } from './queue/middleware/without-overlapping';
export { job } from './queue/pending-job';
export {
  QueueDispatcher,
  type BatchOptions,
  type ChainOptions,
  type DispatchOptions,
  type WithinOptions,
} from './queue/queue-dispatcher';
export { QueueEvents, type QueueEvent } from './queue/queue-events';
export { QueueRegistry } from './queue/queue-registry';
export type { CancelOutcome, ClaimedJob, JobCause, NewJob, QueueStore } from './queue/queue-store';
export { queueConnection } from './queue/tokens';
export type { WaitOptions } from './queue/watched-answer';

export type { MissedPolicy } from './schedule/due-plan';
export { defineSchedule, type Schedule, type ScheduleFile } from './schedule/schedule';
export type { ScheduleRegistry, TaskStatus } from './schedule/schedule-registry';
export type { RunRecord, RunState } from './schedule/schedule-store';
export type { Scheduler, SchedulerOptions } from './schedule/scheduler';
export type { FanOutTally, ScheduledRun, SchedulerEvent } from './schedule/scheduler-events';
export type {
  Condition,
  EndedRunFacts,
  Hook,
  PerTenant,
  RunFacts,
  ScheduledJobOptions,
  Task,
  TaskContext,
} from './schedule/task';
export type {
  PerTenantOptions,
  ProcessTaskBuilder,
  RunningTaskBuilder,
  TaskBuilder,
} from './schedule/task-builder';

export { FrameworkError, type ErrorCode, type ErrorFacts } from './support/errors';
export { clock, type Clock } from './support/clock';
export type { Duration } from './support/duration';
export { Logger } from './support/logger';
export { Maintenance, type DownOptions, type DownState } from './support/maintenance';
export { triliteVersion } from './support/version';

export type { Bindings, Resolver, Scope } from './tenancy/container';
export { inject, injectable } from './tenancy/injection';
export { Provider } from './tenancy/provider';
export {
  Tenancy,
  type TenantFilter,
  type TenantName,
  type TenantRunOptions,
} from './tenancy/tenancy';
export { TenancyEvents, type TenancyEvent } from './tenancy/tenancy-events';
export type { TenantEachOptions, TenantEnd, TenantRun } from './tenancy/run-each';
export type { Tenant, TenantQuotas, TenantState } from './tenancy/tenant';
export type {
  ExportOptions,
  ExportedTenant,
  ImportOptions,
  ImportedTenant,
} from './tenancy/archive/archive-parts';
export { TenantArchives } from './tenancy/archive/tenant-archives';
export { TenantTokens } from './tenancy/tenant-tokens';
export { isTenantId, parseTenantId, type TenantId } from './tenancy/tenant-id';
export type { Token } from './tenancy/token';

export { html, json, SafeHtml } from './view/html';
export type { ViewHelpers } from './view/view-engine';
export { ViewRenderer } from './view/view-renderer';

export {
  sql,
  type Generated,
  type GeneratedAlways,
  type Insertable,
  type Selectable,
  type Transaction,
  type Updateable,
} from 'kysely';
export { z } from 'zod';
