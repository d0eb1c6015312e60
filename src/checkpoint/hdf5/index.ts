export { type Hdf5File, openHdf5 } from './open-hdf5.js';
