import { hostWorker } from '#extension/worker-host.ts'

hostWorker()
