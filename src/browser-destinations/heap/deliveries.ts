// Turns events into calls of Heap's library. A page loads it together with Heap: it is half of the code, and of no use to a visitor who
// said no to Heap.
export { identifyUser } from './identifyUser/build'
export { trackEvent } from './trackEvent/build'
