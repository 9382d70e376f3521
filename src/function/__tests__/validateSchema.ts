// The framework's validation with all that is swapped in the script; the rest of it is there so that all is swapped.
export { Destination, validateSchema } from '@segment/actions-core'
