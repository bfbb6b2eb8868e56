import { Home } from '#extension/screens/home.tsx'

export default Home
