export { LIMITS } from './checks/limits'
export type { DeletionRequest } from './deletion'
export { HeapEmulator } from './emulator'
export type { HeapEmulatorOptions, LoggedRequest } from './emulator'
export type { ConnectionFault, Fault, FaultRule, FaultTiming, ParsedRequest, ResponseFault } from './faults'
export type {
  DeletedUser,
  HeapAccountUpdate,
  HeapEvent,
  HeapMerge,
  HeapUserUpdate,
  PropertyValue,
  UserIdentifier
} from './heapCall'
export { HeapError } from './heapError'
export { HEAP_HOSTS } from './hosts'
export type { Region } from './hosts'
export type { HeapRequest, HeapResponse, HeapResult } from './http'
export { interceptHeap } from './intercept'
export type { Interception, InterceptOptions } from './intercept'
export { RATE_LIMITS, RateLimits } from './rateLimits'
export type { CountedCall, Limit, Limits } from './rateLimits'
export { listen } from './server'
export type { ListeningEmulator, ListenOptions } from './server'
export type { EnvironmentSnapshot, StoredAccount, StoredEvent, StoredUser } from './store'
