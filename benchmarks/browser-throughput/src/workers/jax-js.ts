import { prepareJaxJs } from '@steepest/training-throughput/subjects/jax-js.ts';
import { serve } from './serve.ts';

serve(prepareJaxJs);
