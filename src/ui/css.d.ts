/** Style sheets are imported for what they do, and name nothing. */
declare module '*.css'
