export { PublicApi } from './publicApi'
export type { ApiRequest, FunctionSetting, PublicApiOptions, StoredDestination, StoredFunction } from './publicApi'
export { BATCH_SIZE, FunctionsRuntime } from './runtime'
export type { ErrorType, EventResult, FunctionEvent, Handler, RuntimeOptions } from './runtime'
