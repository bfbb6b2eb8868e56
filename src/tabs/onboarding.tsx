import { Onboarding } from '#extension/screens/onboarding.tsx'

export default Onboarding
