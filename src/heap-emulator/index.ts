export { HeapEmulator } from './emulator'
export type { HeapAnswer, HeapEmulatorOptions, HeapOutcome, HeapRequest, LoggedRequest } from './emulator'
export type { AnswerFault, ConnectionFault, Fault, FaultRule, FaultTiming, ParsedRequest } from './faults'
export { HEAP_HOSTS } from './hosts'
export type { Region } from './hosts'
export { interceptHeap } from './intercept'
export type { Interception, InterceptOptions } from './intercept'
export { RATE_LIMITS, RateLimits } from './rateLimits'
export type { CountedCall, Limit, Limits } from './rateLimits'
export { Refusal } from './refusal'
export { listen } from './server'
export type { ListeningEmulator, ListenOptions } from './server'
export type { DeletionRequest } from './deletion'
export type { EnvironmentSnapshot, StoredAccount, StoredEvent, StoredUser } from './store'
export { LIMITS } from './validate'
export type {
  DeletedUser,
  HeapAccountUpdate,
  HeapEvent,
  HeapMerge,
  HeapUserUpdate,
  PropertyValue,
  UserIdentifier
} from './validate'
