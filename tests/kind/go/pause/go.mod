module clusterip-lab/kind/pause

go 1.24.0
