import { startBackground } from '#extension/background.ts'

startBackground()
