"""From public datasets to a filtered instruction set: datatrove's pipelines, our steps."""
